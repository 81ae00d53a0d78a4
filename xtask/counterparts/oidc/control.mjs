// The control port, where a test scripts failures and asks what happened:
//
//     POST   /faults   a fault or an array of them (faults.mjs)     DELETE /faults   forget them
//     GET    /log      the journal                                  DELETE /log      the journal, then empty it
//     POST   /device   { on?, user_code, action?, account? }: approve or deny a device
//     POST   /stop     end the server
import { answerDevice } from './person.mjs';

export function makeControl({ faults, journal, providers, stop }) {
  const routes = {
    'POST /faults': (script) => ({ faults: faults.add([script].flat()) }),
    'DELETE /faults': () => {
      faults.clear();
      return {};
    },
    'GET /log': () => journal,
    'DELETE /log': () => journal.splice(0),
    'POST /device': async (script) => ({ ok: await answerDevice(providers[script.on ?? 'http'], script) }),
    'POST /stop': () => {
      setImmediate(stop);
      return {};
    },
  };

  return async function answer(request, response) {
    const reply = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const route = routes[`${request.method} ${request.url}`];
    if (!route) return reply(404, { error: `no such route; there are ${Object.keys(routes).join(', ')}` });
    try {
      let body = '';
      for await (const chunk of request) body += chunk;
      return reply(200, await route(body ? JSON.parse(body) : {}));
    } catch (error) {
      return reply(error instanceof TypeError || error instanceof SyntaxError ? 400 : 500, { error: error.message });
    }
  };
}
