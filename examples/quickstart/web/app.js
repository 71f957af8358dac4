// The app side of a sign-in: what a frontend has to do, and no more. Everything here can be read with the network tab open.

const $ = (id) => document.getElementById(id);

// The server writes the provider's ID and the app's own scopes into the page. The provider's package asks for those that it needs itself.
const { provider: providerID, scopes, builtIn } = document.body.dataset;
const provider = "/api/auth/" + providerID;
const environment = "development";
const basicScopes = scopeList(scopes);

// session is what the backend last answered: profile, providerInfo and backstageIdentity, with endsAt and life of the token in
// milliseconds. It lives in memory alone: a token in localStorage would outlive the tab and be there for any script.
let session = null;
let attempt = null; // the sign-in popup that is open
let refreshing = null; // the refresh under way, shared by everybody who asks for one

// --- talking to the backend ---

class AuthError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function providerURL(path, parameters) {
  return provider + path + "?" + new URLSearchParams({ ...parameters, env: environment });
}

// call makes a request and returns the answer's JSON, or null if it has no body.
async function call(method, url, headers) {
  const began = performance.now();
  let response;
  try {
    response = await fetch(url, { method, headers, credentials: "include", cache: "no-store" });
  } catch {
    wire(method, url, "no answer");
    throw new AuthError("network", "The server does not answer. Is it still running?");
  }
  wire(method, url, `${response.status} in ${Math.round(performance.now() - began)} ms`);
  let body = null;
  if (response.headers.get("Content-Type")?.startsWith("application/json")) {
    body = await response.json();
  }
  if (body?.error || !response.ok) {
    const { code = "status_" + response.status, message = `The server answered with status ${response.status}.` } = body?.error ?? {};
    throw Object.assign(new AuthError(code, message), { status: response.status });
  }
  return body;
}

// X-Requested-With is what another site's page cannot send without being asked about it first (a CORS preflight).
const fromScript = { "X-Requested-With": "XMLHttpRequest" };

function refresh() {
  const before = session;
  const scope = wantedScopes().join(" ");
  refreshing ??= call("GET", providerURL("/refresh", { optional: "", scope }), fromScript)
    .then((answer) => {
      if (session === before) {
        keep(answer); // or else the person has signed in or out since
      }
    })
    .finally(() => { refreshing = null; });
  return refreshing;
}

function keep(answer) {
  const seconds = answer.backstageIdentity?.expiresInSeconds ?? answer.providerInfo?.expiresInSeconds;
  const life = seconds === undefined ? Infinity : seconds * 1000;
  session = { ...answer, life, endsAt: Date.now() + life };
}

function wantedScopes() {
  return [...new Set([...basicScopes, ...scopeList(session?.providerInfo?.scope)])];
}

function scopeList(text) {
  return (text ?? "").split(/[\s,|]+/).filter(Boolean);
}

// --- the popup ---

// signInWithPopup must be called straight from a click: browsers open a window only then.
function signInWithPopup(scopes) {
  attempt?.abandon();
  const url = new URL(providerURL("/start", { scope: scopes.join(" "), origin: location.origin, flow: "popup" }), location.origin);
  const width = 450, height = 730;
  const left = Math.round(window.screenX + (window.outerWidth - width) / 2);
  const top = Math.round(window.screenY + (window.outerHeight - height) / 2);
  const popup = window.open(url, "_blank", `popup,width=${width},height=${height},left=${left},top=${top}`);
  if (!popup) {
    return Promise.reject(new AuthError("popup_blocked", "The browser did not open the sign-in window."));
  }
  wire("popup", url.pathname, "opened");
  popup.focus();

  return new Promise((resolve, reject) => {
    let expectedOrigin = location.origin;

    function finish(settle, value) {
      clearInterval(poll);
      removeEventListener("message", receive);
      popup.close();
      attempt = null;
      settle(value);
    }

    function receive(event) {
      // Any window may post to this one. Only the popup that was opened here counts, and only while it shows a page of the backend.
      if (event.source !== popup || event.origin !== url.origin || typeof event.data !== "object") {
        return;
      }
      const { type, targetOrigin, response, error } = event.data ?? {};
      if (type === "config_info") {
        expectedOrigin = targetOrigin;
      } else if (type === "authorization_response") {
        wire("message", type, error ? "refused" : "signed in");
        if (error) {
          finish(reject, new AuthError(error.code ?? "sign_in_failed", error.message));
        } else {
          finish(resolve, response);
        }
      }
    }

    const poll = setInterval(() => {
      if (!popup.closed) {
        return;
      }
      if (expectedOrigin !== location.origin) {
        finish(reject, new AuthError("wrong_origin", `The backend expects this app at ${expectedOrigin}, but it runs at ${location.origin}.`));
      } else {
        finish(reject, new AuthError("popup_closed", "The sign-in window was closed before the sign-in was done."));
      }
    }, 100);

    addEventListener("message", receive);
    attempt = { abandon: () => finish(reject, new AuthError("abandoned", "")) };
  });
}

// --- the redirect ---

const redirectMark = "stagedoor-redirect";

function signInWithRedirect() {
  sessionStorage.setItem(redirectMark, "1");
  location.assign(providerURL("/start", { scope: wantedScopes().join(" "), origin: location.origin, redirectUrl: location.href, flow: "redirect" }));
}

// redirectError takes the outcome of a failed redirect off the address bar, so that a reload does not show it again.
function redirectError() {
  const asked = sessionStorage.getItem(redirectMark) !== null;
  sessionStorage.removeItem(redirectMark);
  const url = new URL(location.href);
  const message = url.searchParams.get("error");
  const code = url.searchParams.get("error_code") ?? "sign_in_failed";
  if (message === null) {
    return null;
  }
  url.searchParams.delete("error");
  url.searchParams.delete("error_code");
  history.replaceState(null, "", url);
  // Anybody can make a link to this page with words of their own in it. They are shown only if this tab asked for a sign-in.
  return new AuthError(/^[a-z_]{1,64}$/.test(code) ? code : "sign_in_failed", asked ? message : "A sign-in did not work.");
}

// --- what the buttons do ---

async function run(busyText, action) {
  const before = document.activeElement;
  hideError();
  say(busyText);
  document.body.setAttribute("aria-busy", "true");
  try {
    await action();
  } catch (error) {
    if (error.code === "abandoned") {
      return; // another attempt took over, and speaks for itself
    }
    showError(error);
  }
  document.body.removeAttribute("aria-busy");
  render(before);
}

function signIn(scopes, busyText) {
  const popup = signInWithPopup(scopes);
  return run(busyText, async () => keep(await popup));
}

async function renew() {
  try {
    await refresh();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      session = null;
    }
    throw error;
  }
}

async function signOut() {
  attempt?.abandon();
  const answer = await call("POST", providerURL("/logout", {}), fromScript);
  session = null;
  $("hello").textContent = "Not called yet.";
  if (answer?.logoutUrl) {
    const url = new URL(answer.logoutUrl, location.origin);
    if (url.protocol === "https:" || url.hostname === "localhost" || url.origin === location.origin) {
      location.assign(url); // the provider ends its own session and sends the browser back
    }
  }
}

async function callHello() {
  const token = session?.backstageIdentity?.token;
  try {
    const answer = await call("GET", "/api/hello", token ? { Authorization: "Bearer " + token } : {});
    $("hello").textContent = answer.message;
  } catch (error) {
    $("hello").textContent = error.status === 401 ? "401: no valid token, no answer. Sign in and call it again." : error.message;
  }
}

// --- showing it ---

const hints = {
  sign_in_refused: "The provider vouches for this person, but no sign-in resolver found a user in the catalog, so there is no identity and no token. Choose somebody else.",
  access_denied: "Cancelling at the provider ends the sign-in. Nothing was stored.",
  popup_blocked: "Allow popups for this page, or sign in with a redirect, which needs none.",
  popup_closed: "Nothing has happened. You can start again at any time.",
  wrong_origin: "Open the app at the address that the backend expects, or add this origin to Config.AllowedOrigins.",
  network: "Start it with: go run ./examples/quickstart",
};

function say(text) {
  $("status").textContent = text;
}

function showError(error) {
  const code = error instanceof AuthError ? error.code : "app_error";
  $("error").dataset.code = code;
  $("error-code").textContent = code;
  $("error-text").textContent = String(error.message).slice(0, 300);
  $("error-hint").textContent = hints[code] ?? "";
  $("error").hidden = false;
}

function hideError() {
  $("error").hidden = true;
  $("error").dataset.code = "";
  for (const id of ["error-code", "error-text", "error-hint"]) {
    $(id).textContent = "";
  }
}

// render shows the session. If the button that was pressed is gone afterwards, the new heading takes the focus.
function render(before) {
  const failed = !$("error").hidden;
  document.body.dataset.state = session ? "signed-in" : failed ? "error" : "signed-out";
  if (session) {
    renderSession();
  } else {
    say(failed ? "You are not signed in." : "You are signed out.");
    for (const id of ["profile-name", "profile-email", "user-ref", "ownership", "scopes", "claims", "id-claims", "time-left"]) {
      $(id).replaceChildren();
    }
  }
  if (before instanceof HTMLButtonElement && before.offsetParent === null) {
    (session ? $("profile-name") : $("welcome-title")).focus();
  }
}

function renderSession() {
  const { profile, providerInfo, backstageIdentity } = session;
  const name = profile.displayName ?? profile.email ?? "Somebody";
  say(backstageIdentity ? "You are signed in." : "You are signed in, with the provider's tokens but no identity: no resolver is configured.");
  $("profile-name").textContent = name;
  $("profile-email").textContent = profile.email ?? "";
  $("initial").textContent = [...name][0].toUpperCase();
  $("initial").hidden = Boolean(profile.picture);
  $("picture").hidden = !profile.picture;
  if (profile.picture) {
    $("picture").src = profile.picture;
  }
  $("user-ref").textContent = backstageIdentity?.identity.userEntityRef ?? "none";
  chips($("ownership"), backstageIdentity?.identity.ownershipEntityRefs ?? []);
  chips($("scopes"), scopeList(providerInfo?.scope));
  const claims = decode(backstageIdentity?.token);
  const idClaims = decode(providerInfo?.idToken);
  pretty($("claims"), claims);
  pretty($("id-claims"), idClaims);
  $("id-token").hidden = idClaims === null;
  tick();
}

function chips(list, texts) {
  list.replaceChildren(...texts.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

// decode reads a token's claims without verifying them. That is fine for showing them, and for nothing else.
function decode(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function pretty(target, value) {
  target.replaceChildren();
  if (value === null) {
    return;
  }
  const text = JSON.stringify(value, null, 2);
  const words = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let end = 0;
  for (const match of text.matchAll(words)) {
    const word = document.createElement("span");
    word.className = match[2] ? "key" : match[1] ? "text" : "value";
    word.textContent = match[1] ?? match[0];
    target.append(text.slice(end, match.index), word);
    end = match.index + word.textContent.length;
  }
  target.append(text.slice(end));
}

function tick() {
  if (!session) {
    return;
  }
  const left = Math.max(0, session.endsAt - Date.now());
  const bounded = Number.isFinite(session.life);
  $("time-bar").hidden = !bounded;
  $("time-bar").value = bounded ? left / session.life : 1;
  $("time-left").textContent = !bounded ? "no end" : left === 0 ? "ended" : clock(Math.ceil(left / 1000));
  if (left < Math.min(60_000, session.life / 4) && !session.renewed) {
    session.renewed = true; // once: a session that cannot be renewed is left to end
    run("Refreshing before the token ends…", renew);
  }
}

function clock(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// wire notes what the page did, without the query: it is long, and the network tab has it.
function wire(what, url, outcome) {
  const item = document.createElement("li");
  for (const [name, text] of [["what", what], ["path", url.split("?")[0]], ["outcome", outcome]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    item.append(part, " ");
  }
  const list = $("wire");
  list.prepend(item);
  while (list.children.length > 8) {
    list.lastElementChild.remove();
  }
}

// --- start ---

$("provider").textContent = providerID;
$("built-in").hidden = builtIn === undefined;

$("sign-in-popup").addEventListener("click", () => signIn(basicScopes, "Go on in the sign-in window…").then(helloIfSignedIn));
$("sign-in-redirect").addEventListener("click", signInWithRedirect);
$("more-scopes").addEventListener("click", () => {
  const scopes = [...new Set([...wantedScopes(), ...scopeList($("extra-scope").value)])];
  signIn(scopes, "Go on in the sign-in window…");
});
$("refresh").addEventListener("click", () => run("Refreshing…", renew));
$("sign-out").addEventListener("click", () => run("Signing out…", signOut));
$("call-hello").addEventListener("click", callHello);
$("error-close").addEventListener("click", (event) => { hideError(); render(event.currentTarget); });
setInterval(tick, 1000);

function helloIfSignedIn() {
  return session && callHello();
}

async function start() {
  const failed = redirectError();
  try {
    await refresh();
  } catch (error) {
    // No session is the usual case and no error. A refusal counts only if nothing was refused just before.
    if (error.status !== 401 && !failed) {
      showError(error);
    }
  }
  if (failed) {
    showError(failed);
  }
  render();
  await helloIfSignedIn();
}

start();
