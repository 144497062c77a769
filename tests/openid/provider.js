// A certified OpenID Connect provider (npm `oidc-provider`) on loopback, for one integration test: argument 1 is the redirect URI that it knows.
// Prints its issuer when it listens and ends when its standard input does. Anybody may sign in, by any login; who is not `stranger`
// has an account of that name.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "kenes", client_secret: "a secret: 100% + &", redirect_uris: [process.argv[2]] }],
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    findAccount: (_, login) => ({
      accountId: login,
      claims: () => ({ sub: `number-of-${login}`, preferred_username: login }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ["a key for a test"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
