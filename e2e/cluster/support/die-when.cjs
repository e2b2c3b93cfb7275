// For `node --require`: a service's process ends as by kill -9 at one chosen moment. E2E_DIE_WHEN is
// `taken`: an event was delivered, and nothing done about it yet;
// `done`: all that an event leads to is stored and confirmed, and the event about to be acknowledged;
// `METHOD PATTERN`: a server has answered this request well: an object was put, a Job created.
const diagnostics = require('node:diagnostics_channel');
const path = require('node:path');

const moment = process.env.E2E_DIE_WHEN;
const die = () => process.kill(process.pid, 'SIGKILL');
/** Events come through an exchange; what else is delivered, a leader's token, does not. */
const isEvent = (message) => message?.fields?.exchange === 'ci.events';

if (moment === 'taken' || moment === 'done') {
  const { Channel } = require(path.join(__dirname, '../../../node_modules/amqplib/lib/channel_model.js'));
  const name = moment === 'taken' ? 'dispatchMessage' : 'ack';
  const original = Channel.prototype[name];
  Channel.prototype[name] = function (...args) {
    if (args.some(isEvent) || (moment === 'taken' && isEvent({ fields: args[0] }))) die();
    return original.apply(this, args);
  };
} else {
  const [method, pattern] = moment.split(/ (.*)/s);
  diagnostics.subscribe('http.client.response.finish', ({ request, response }) => {
    const isIt = request.method === method && new RegExp(pattern).test(request.path);
    if (isIt && response.statusCode >= 200 && response.statusCode < 300) die();
  });
}
