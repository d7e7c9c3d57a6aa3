// A browser without a screen: a cookie jar, redirects by hand, and the first form of a page.
import http from 'node:http'

export class Agent {
  constructor() {
    this.jar = new Map()
  }

  // Plain requests: node's own fetch calls itself a script, and some clients answer scripts otherwise.
  request(url, { method = 'GET', body, headers = {} } = {}) {
    const cookies = [...this.jar.values()].filter((one) => one.host === new URL(url).host)
    const cookie = cookies.map((one) => `${one.name}=${one.value}`).join('; ')
    const sent = { accept: 'text/html', ...(cookie ? { cookie } : {}), ...headers }
    return new Promise((resolve, reject) => {
      const asking = http.request(url, { method, headers: sent }, (answer) => {
        const parts = []
        answer.on('data', (part) => parts.push(part))
        answer.on('end', () => {
          this.keep(url, answer.headers['set-cookie'] ?? [])
          resolve({ url, status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() })
        })
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }

  keep(url, lines) {
    const host = new URL(url).host
    for (const line of lines) {
      const [pair, ...rest] = line.split(';')
      const [name, ...value] = pair.trim().split('=')
      const gone = rest.some((one) => /^ *max-age=0/i.test(one) || /^ *expires=.*1970/i.test(one))
      if (gone) this.jar.delete(`${host} ${name}`)
      else this.jar.set(`${host} ${name}`, { host, name, value: value.join('=') })
    }
  }

  // Follow redirects until a page, or until `stop` says that this address is the end.
  async open(url, stop = () => false, how = {}) {
    for (let hop = 0; hop < 25; hop++) {
      if (stop(new URL(url))) return { url, status: 0, headers: {}, text: '' }
      const answer = await this.request(url, how)
      how = {}
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer
      url = new URL(answer.headers.location, url).href
    }
    throw new Error('too many redirects')
  }

  // Send the first form of a page: what it holds, with `fields` over it.
  submit(page, fields = {}, stop) {
    const form = /<form[^>]*>([\s\S]*?)<\/form>/i.exec(page.text)
    if (!form) throw new Error(`no form in: ${page.status} ${page.text.slice(0, 2000)}`)
    const action = /action="([^"]*)"/i.exec(form[0])?.[1]?.replaceAll('&amp;', '&') ?? ''
    const held = [...form[1].matchAll(/<input[^>]*>/gi)].flatMap(([input]) => {
      const of = (name) => new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(input)?.[1]
      const box = of('type') === 'checkbox' && !/\bchecked\b/i.test(input)
      return of('name') && !box && of('type') !== 'submit' ? [[of('name'), of('value') ?? (of('type') === 'checkbox' ? 'on' : '')]] : []
    })
    const kept = held.filter(([name]) => !(name in fields))
    const body = new URLSearchParams([...kept, ...Object.entries(fields)]).toString()
    const origin = new URL(page.url).origin
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin }
    return this.open(new URL(action, page.url).href, stop, { method: 'POST', body, headers })
  }
}
