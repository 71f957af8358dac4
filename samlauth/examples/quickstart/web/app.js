// The app side of a sign-in, as short as it can be. It is the same for SAML and for OAuth.

const provider = "/api/auth/sso";
const fromScript = { "X-Requested-With": "XMLHttpRequest" }; // a page of another site cannot send it without leave
const $ = (id) => document.getElementById(id);
let session = null; // in memory alone

function show(text) {
  $("state").textContent = text;
  $("signed-out").hidden = session !== null;
  $("signed-in").hidden = session === null;
  $("session").textContent = session ? JSON.stringify(session, null, 2) : "";
  $("answer").textContent = "";
}

function keep(answer) {
  session = answer;
  show(`Signed in as ${answer.profile.displayName}, ${answer.backstageIdentity.identity.userEntityRef}.`);
}

async function refresh() {
  const response = await fetch(provider + "/refresh", { headers: fromScript, cache: "no-store" });
  const answer = await response.json();
  if (response.ok) {
    keep(answer);
  } else {
    session = null;
    show(response.status === 401 ? "Nobody is signed in." : answer.error.message);
  }
}

$("popup").onclick = () => {
  const start = new URL(provider + "/start?flow=popup&origin=" + encodeURIComponent(location.origin), location.origin);
  const popup = open(start, "_blank", "popup,width=450,height=600");
  addEventListener("message", function receive(event) {
    if (event.source !== popup || event.origin !== location.origin || event.data.type !== "authorization_response") {
      return;
    }
    removeEventListener("message", receive);
    if (event.data.error) {
      show(event.data.error.message);
    } else {
      keep(event.data.response);
    }
  });
};

$("redirect").onclick = () => {
  const q = new URLSearchParams({ flow: "redirect", origin: location.origin, redirectUrl: location.origin + "/" });
  location.assign(provider + "/start?" + q);
};

$("sign-out").onclick = async () => {
  const response = await fetch(provider + "/logout", { method: "POST", headers: fromScript });
  const text = await response.text();
  session = null;
  show("Signed out.");
  const { logoutUrl } = text ? JSON.parse(text) : {};
  if (logoutUrl) {
    location.assign(logoutUrl); // to sign out at the identity provider too
  }
};

$("hello").onclick = async () => {
  const response = await fetch("/api/hello", { headers: { Authorization: "Bearer " + session.backstageIdentity.token } });
  $("answer").textContent = response.ok ? (await response.json()).message : "The route answered with " + response.status + ".";
};

const refused = new URLSearchParams(location.search).get("error");
history.replaceState(null, "", "/");
refresh().then(() => refused && show(refused));
