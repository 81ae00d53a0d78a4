// Failures that a test scripts: each is taken by the next requests for its path, as often as it says.

const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * How each action treats a request; `proceed` lets the server act on it as if nothing were wrong. A fault is
 * `{ path, method?, action = "status", times = 1, delay_ms?, status?, headers?, body? }`; `path` is a prefix.
 */
const ACTIONS = {
  status({ status, headers = JSON_TYPE, body = '' }, request, response) {
    response.writeHead(status, headers);
    response.end(body);
  },

  reset(fault, { socket }) {
    // A TLS socket has no handle to reset.
    if (socket.encrypted) socket.destroy();
    else socket.resetAndDestroy();
  },

  hang() {},

  /** Waits, without an answer, for the faults to be cleared; then goes on as usual. */
  async hold(fault, request, response, proceed) {
    await fault.cleared;
    return proceed();
  },

  /** The server acts, and the client never learns. */
  drop_response(fault, request, response, proceed) {
    response.write = () => true;
    response.end = () => {
      request.socket.destroy();
      return response;
    };
    return proceed();
  },

  truncate(fault, request, response) {
    response.writeHead(200, { ...JSON_TYPE, 'content-length': 400 });
    response.write('{"access_token":"tr', () => request.socket.destroy());
  },
};

export class Faults {
  #scripted = [];

  #clear;

  #cleared;

  constructor() {
    this.clear();
  }

  /** Adds faults, after checking them all: a mistyped one that never strikes would make its test pass. */
  add(faults) {
    const complete = faults.map((fault) => ({ times: 1, action: 'status', ...fault, cleared: this.#cleared }));
    for (const { path, action, status } of complete) {
      if (!path) throw new TypeError('a fault needs a path');
      if (!Object.hasOwn(ACTIONS, action)) throw new TypeError(`no action "${action}": ${Object.keys(ACTIONS).join(', ')}`);
      if (action === 'status' && !status) throw new TypeError('the action "status" needs a status');
    }
    this.#scripted.push(...complete);
    return this.#scripted.length;
  }

  /** Forgets all faults, and lets go of the requests that they hold. */
  clear() {
    this.#clear?.();
    this.#scripted = [];
    this.#cleared = new Promise((resolve) => { this.#clear = resolve; });
  }

  /** Lets the first fault that fits have the request; else proceeds. */
  async handle(request, response, proceed) {
    const path = request.url.split('?')[0];
    const fault = this.#scripted.find(({ times, method, path: prefix }) => (
      times > 0 && path.startsWith(prefix) && (!method || method === request.method)
    ));
    if (!fault) return proceed();
    fault.times -= 1;
    if (fault.delay_ms) await new Promise((resolve) => { setTimeout(resolve, fault.delay_ms); });
    return ACTIONS[fault.action](fault, request, response, proceed);
  }
}
