// oidc-provider, a certified OpenID Provider, as a home identity provider with pages of its own for signing in.
// usage: node provider.mjs SETTINGS.json ; prints "listening" when it does
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const provider = new Provider(settings.issuer, {
  clients: settings.clients,
  jwks: settings.jwks,
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    profile: ['name'],
    eduperson: ['eduperson_scoped_affiliation'],
  },
  scopes: ['openid', 'profile', 'eduperson'],
  conformIdTokenClaims: settings.conform ?? true,
  acrValues: ['https://refeds.org/profile/mfa'],
  cookies: { keys: ['a key for signing cookies'] },
  features: {
    devInteractions: { enabled: true },
    userinfo: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    backchannelLogout: { enabled: true },
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `The person ${id}`, eduperson_scoped_affiliation: ['faculty@rhine.example'] }),
  }),
})
provider.listen(settings.port, '127.0.0.1', () => console.log('listening'))
