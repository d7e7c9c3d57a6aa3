// One scenario of openid-client, a certified relying party, against a running broker; the outcome as JSON.
// usage: node client.mjs WORLD.json SCENARIO
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as oidc from 'openid-client'
import { Agent } from './agent.mjs'

const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const issuer = new URL(world.issuer)
const insecure = { execute: [oidc.allowInsecureRequests] }
const SCOPE = 'openid profile ga4gh_passport_v1'
const CALLBACK = world.callback

const secret = (id) => oidc.ClientSecretBasic(world.secrets[id])
const discovered = (id, auth, metadata = {}) => oidc.discovery(issuer, id, metadata, auth, insecure)

async function keyOf(jwk) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid: jwk.kid }
}

const back = (url) => url.href.startsWith(CALLBACK)

// Sign in as `who` and come back with a code; the grant validates state, nonce, iss and the ID token.
async function signedIn(config, who, { par = false, handle, agent = new Agent(), scope = SCOPE, ...more } = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
  const parameters = {
    redirect_uri: CALLBACK, scope, state, nonce, login_hint: who, prompt: 'none',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  }
  const options = handle ? { DPoP: handle } : undefined
  const url = par
    ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, options)
    : oidc.buildAuthorizationUrl(config, parameters)
  const end = await agent.open(url.href, back)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return oidc.authorizationCodeGrant(config, new URL(end.url), checks, undefined, options)
}

const exchange = {
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  requested_token_type: 'urn:ga4gh:params:oauth:token-type:passport',
}
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

const scenarios = {
  async 'code flow, UserInfo, refresh'() {
    const config = await discovered('basic', secret('basic'))
    const tokens = await signedIn(config, 'ada', { scope: `${SCOPE} email offline_access` }) // as clients for everybody ask
    assert.equal(tokens.scope, SCOPE)
    const { sub } = tokens.claims()
    const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, sub)
    assert(Array.isArray(userinfo.ga4gh_passport_v1))
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
    assert.equal(renewed.claims().sub, sub)
    assert.notEqual(renewed.refresh_token, tokens.refresh_token)
    return { visas: userinfo.ga4gh_passport_v1.length }
  },

  async 'introspection and revocation'() {
    const config = await discovered('basic', secret('basic'))
    const tokens = await signedIn(config, 'ada')
    const live = await oidc.tokenIntrospection(config, tokens.access_token)
    assert.equal(live.active, true)
    assert.equal(live.client_id, 'basic')
    await oidc.tokenRevocation(config, tokens.refresh_token)
    const dead = await oidc.tokenIntrospection(config, tokens.access_token)
    assert.deepEqual(dead, { active: false })
    return {}
  },

  async 'token exchange for a Passport'() {
    const config = await discovered('basic', secret('basic'))
    const tokens = await signedIn(config, 'ada')
    const passport = await oidc.genericGrantRequest(config, EXCHANGE, { ...exchange, subject_token: tokens.access_token })
    assert.equal(passport.issued_token_type, exchange.requested_token_type)
    const header = JSON.parse(Buffer.from(passport.access_token.split('.')[0], 'base64url'))
    assert.equal(header.typ, 'vnd.ga4gh.passport+jwt')
    return {}
  },

  async 'pushed request, private_key_jwt'() {
    const config = await discovered('jwt', oidc.PrivateKeyJwt(await keyOf(world.keys.jwt)))
    const tokens = await signedIn(config, 'ada', { par: true })
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true)
    return {}
  },

  async 'DPoP, public client'() {
    const config = await discovered('dpop', oidc.None())
    const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
    const tokens = await signedIn(config, 'ada', { handle })
    assert.equal(tokens.token_type, 'dpop')
    const { sub } = tokens.claims()
    await oidc.fetchUserInfo(config, tokens.access_token, sub, { DPoP: handle })
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: handle })
    const me = new URL('/api/v1/me', issuer)
    const how = [undefined, undefined, { DPoP: handle }]
    const answer = await oidc.fetchProtectedResource(config, renewed.access_token, me, 'GET', ...how)
    assert.equal((await answer.json()).sub, sub)
    await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), 'a bound refresh token without its key')
    const bare = await fetch(me, { headers: { authorization: `Bearer ${renewed.access_token}` } })
    assert.equal(bare.status, 401)
    return {}
  },

  async 'DPoP with a nonce of the server'() {
    const config = await discovered('nonce', oidc.None())
    const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
    const tokens = await signedIn(config, 'ada', { handle }).catch((error) => {
      if (error.error === 'use_dpop_nonce') return null
      throw error
    })
    const again = tokens ?? (await signedIn(config, 'ada', { handle }))
    assert.equal(again.token_type, 'dpop')
    return {}
  },

  async 'client credentials'() {
    const config = await discovered('service', oidc.PrivateKeyJwt(await keyOf(world.keys.service)))
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'issuers:read' })
    assert.equal(tokens.refresh_token, undefined)
    assert.equal(tokens.scope, 'issuers:read')
    return {}
  },

  async 'device flow'() {
    const config = await discovered('basic', secret('basic'))
    const agent = new Agent()
    await signedIn(config, 'ada', { agent })
    const device = await oidc.initiateDeviceAuthorization(config, { scope: SCOPE })
    let page = await agent.open(device.verification_uri_complete)
    for (let step = 0; step < 3 && /<form/i.test(page.text); step++) {
      const approve = /name="answer"[^>]*value="(yes|approve)"/i.exec(page.text)?.[1]
      page = await agent.submit(page, approve ? { answer: approve } : {})
    }
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, device)
    assert.equal(tokens.token_type, 'bearer')
    return {}
  },

  async 'signing out at the client\'s word'() {
    const config = await discovered('basic', secret('basic'))
    const agent = new Agent()
    const tokens = await signedIn(config, 'ada', { agent })
    const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: world.goodbye, state: 'bye' }
    const url = oidc.buildEndSessionUrl(config, parameters)
    const end = await agent.open(url.href, (where) => where.href.startsWith(world.goodbye))
    assert.equal(new URL(end.url).searchParams.get('state'), 'bye')
    assert.deepEqual(await oidc.tokenIntrospection(config, tokens.access_token), { active: false })
    return {}
  },

  async 'no, the person says'() {
    const config = await discovered('asks', secret('asks'))
    await assert.rejects(signedIn(config, 'ada', { prompt: 'none', login_hint: 'nobody-known' }), (error) =>
      ['login_required', 'consent_required', 'interaction_required'].includes(error.error))
    return {}
  },
}

const name = process.argv[3]
if (!name) {
  console.log(JSON.stringify(Object.keys(scenarios)))
} else {
  try {
    console.log(JSON.stringify({ ok: true, ...(await scenarios[name]()) }))
  } catch (error) {
    const cause = error.cause?.error_description ?? error.cause?.message ?? error.cause
    console.log(JSON.stringify({ ok: false, error: error.error, message: String(error.message), cause: String(cause) }))
    process.exitCode = 1
  }
}
