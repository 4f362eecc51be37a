// A real OpenID Connect provider for the tests: node provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
//
// People sign in by name alone, at /interaction; their groups are those of the last POST /test/person. One JSON line says that it listens.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const person = { sub: "ann-at-idp", preferred_username: "Ann.Idp", groups: [], amr: undefined };
let keyNumber = 0;
let handle;

function freshKey() {
  keyNumber += 1;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${keyNumber}`, use: "sig", alg: "RS256" };
}

function newProvider() {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [freshKey()] },
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub", "amr"], profile: ["preferred_username"], groups: ["groups"] },
    scopes: ["openid", "profile", "groups"],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 300, Session: 300, Grant: 300 },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...person, sub }) }),
  });
  provider.on("server_error", (_, error) => console.error(error));
  return provider;
}

let provider = newProvider();
handle = provider.callback();

/** Signs the person in and consents, as the form of a real provider would after its questions. */
async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
    return;
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text || "{}");
}

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/test/person") {
      Object.assign(person, await bodyOf(request));
      response.end("{}");
    } else if (request.url === "/test/rotate-keys") {
      provider = newProvider(); // other keys; sessions and grants of before are forgotten as well
      handle = provider.callback();
      response.end("{}");
    } else if (request.url.startsWith("/interaction/")) await interact(request, response);
    else handle(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end("{}");
  }
});
server.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ issuer })));
process.stdin.on("end", () => process.exit(0)).resume();
