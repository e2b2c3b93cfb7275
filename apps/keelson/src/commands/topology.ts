import { applyTopology } from '@keelson/bus';
import { apiUrl, brokerCa, busSettings, vhostOf } from '@keelson/deployment';
import { serverSettings } from '../server-access';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson topology apply`: puts the policies of the queues in force; may be done again. */
export async function applyPolicies(context: Context): Promise<void> {
  const { servers } = context.data;
  if (servers?.bus !== true)
    throw new UsageError('there are policies only on RabbitMQ: name it with --amqp or KEELSON_AMQP');
  const settings = serverSettings(busSettings, servers.variables);
  if (settings.amqpApi === undefined)
    throw new UsageError(
      "policies are put in force through RabbitMQ's management API: name it in KEELSON_AMQP_API, as in http://host:15672",
    );
  const vhost = vhostOf(settings.amqp.reveal());
  const applied = await applyTopology({ apiUrl: apiUrl(settings), vhost, ca: brokerCa(settings) });
  for (const name of applied)
    await (context.isJson ? writeJson(context, { policy: name }) : context.output.write(name));
}
