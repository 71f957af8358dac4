// The app side, as short as can be: examples/quickstart does it with refresh, sign-out and all.

const show = (value) => { document.getElementById("result").textContent = JSON.stringify(value, null, 2); };
let popup = null;

function signIn(provider) {
  const query = new URLSearchParams({ origin: location.origin, flow: "popup" });
  popup = window.open(`/api/auth/${provider}/start?${query}`, "_blank", "popup,width=450,height=600");
}

addEventListener("message", (event) => {
  // Any window may post to this one: only the popup counts, and only while it shows a page of the backend.
  if (event.source !== popup || event.origin !== location.origin || event.data?.type !== "authorization_response") {
    return;
  }
  const { response, error } = event.data;
  show(error ?? { profile: response.profile, identity: response.backstageIdentity?.identity });
});

document.getElementById("providerA").addEventListener("click", () => signIn("providerA"));
document.getElementById("providerC").addEventListener("click", () => signIn("providerC"));
document.getElementById("providerB").addEventListener("click", async () => {
  const answer = await fetch("/api/auth/providerB/refresh", { headers: { "X-Requested-With": "XMLHttpRequest" } });
  show(await answer.json());
});
