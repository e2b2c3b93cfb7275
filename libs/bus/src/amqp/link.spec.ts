import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { describeOn, servers } from '@keelson/testbed';
import { Link } from './link';

/** What amqplib does not show: whether it knows that the connection is over, and watches it no more. */
type Inside = { expectSocketClose: boolean };

describeOn(['amqp'])('a link that is closed while it connects', () => {
  it('leaves no connection behind whose heartbeat would end the process', async () => {
    let made: Promise<ChannelModel> | undefined;
    const link = new Link({
      label: 'sample',
      connect: () => (made = connect(servers.amqp, { noDelay: true })),
      onError: () => undefined,
      refused: () => undefined,
    });
    link.start();
    await link.close(10);
    const model = await made!;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const inside = model.connection as unknown as Inside;
    expect(inside.expectSocketClose).toBe(true);
    expect(() => model.emit('error', new Error('Heartbeat timeout'))).not.toThrow();
  });
});
