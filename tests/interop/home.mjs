// A person with a browser, a client of the broker, and oidc-provider as the home organisation; the outcome as JSON.
// usage: node home.mjs WORLD.json SCENARIO
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as oidc from 'openid-client'
import { Agent } from './agent.mjs'

const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const insecure = { execute: [oidc.allowInsecureRequests] }
const back = (url) => url.href.startsWith(world.callback)

async function begun(more = {}) {
  const auth = oidc.ClientSecretBasic(world.secret)
  const config = await oidc.discovery(new URL(world.issuer), 'portal', {}, auth, insecure)
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const checks = {
    pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true,
  }
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: world.callback, scope: 'openid profile eduperson_scoped_affiliation', ...more,
    state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
  })
  return { config, checks, url: url.href }
}

// At home: type a name, agree; then the broker's own page about what is released.
async function throughPages(agent, url, who, released = {}) {
  let page = await agent.open(url, back)
  for (let step = 0; step < 8 && page.text; step++) {
    const home = page.url.startsWith(world.home)
    page = await agent.submit(page, home && /name="login"/.test(page.text) ? { login: who, password: 'x' } : home ? {} : released, back)
  }
  return new URL(page.url)
}

const scenarios = {
  async 'sign in'() {
    const { config, checks, url } = await begun()
    const end = await throughPages(new Agent(), url, 'ada', { answer: 'yes' })
    const tokens = await oidc.authorizationCodeGrant(config, end, checks)
    const { sub } = tokens.claims()
    const told = await oidc.fetchUserInfo(config, tokens.access_token, sub)
    assert.deepEqual(told.eduperson_scoped_affiliation, ['faculty@rhine.example'])
    return { sub }
  },

  async 'the same person twice, another person once'() {
    const subs = []
    for (const who of ['ada', 'ada', 'bao']) {
      const { config, checks, url } = await begun()
      const end = await throughPages(new Agent(), url, who, { answer: 'yes' })
      subs.push((await oidc.authorizationCodeGrant(config, end, checks)).claims().sub)
    }
    assert.equal(subs[0], subs[1])
    assert.notEqual(subs[0], subs[2])
    return {}
  },

  async 'no at home'() {
    const { config, checks, url } = await begun()
    const agent = new Agent()
    const page = await agent.open(url, back)
    const cancel = /href="([^"]*\/abort)"/.exec(page.text)[1]
    const end = await agent.open(new URL(cancel, page.url).href, back)
    assert(end.url.startsWith(world.callback), end.url)
    await assert.rejects(oidc.authorizationCodeGrant(config, new URL(end.url), checks), { error: 'access_denied' })
    return {}
  },
}

try {
  console.log(JSON.stringify({ ok: true, ...(await scenarios[process.argv[3]]()) }))
} catch (error) {
  console.log(JSON.stringify({ ok: false, error: error.error, message: String(error.message), cause: String(error.cause) }))
  process.exitCode = 1
}
