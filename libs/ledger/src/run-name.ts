/** 64 of each: two words and two digits name a run among 409,600. */
const qualities =
  'able agile amber ample apt azure bold brave bright brisk calm candid clear clever coral crisp deft eager early fair fine fleet fond frank free fresh gentle glad golden grand green happy hardy honest jolly keen kind light lively loyal lucky mellow merry mild neat noble plain proud quick quiet rapid ready silver smart snug solid steady sunny swift tidy true vivid warm wise'.split(
    ' ',
  );
const things =
  'alder anchor badger barge basil beacon birch bison bobcat brook canoe cedar clover condor cove crane cricket dolphin eagle ember falcon fern finch fjord gannet garnet harbor heron island jetty kestrel lagoon lantern larch lark lemur linnet lotus magpie maple marten meadow mole otter owl pebble pelican petrel pine plover puffin raven reef robin sable seal sparrow spruce swan thistle tiller trout walnut willow'.split(
    ' ',
  );

/** A name a person can say, always the same for the same run. Not unique: the id is. */
export function runName(run: string): string {
  // A UUIDv7's last 62 bits are random; the ones before are time.
  const bits = BigInt(`0x${run.replaceAll('-', '').slice(-12)}`);
  const quality = qualities[Number(bits % 64n)] ?? 'plain';
  const thing = things[Number((bits >> 6n) % 64n)] ?? 'run';
  return `${quality}-${thing}-${String((bits >> 12n) % 100n).padStart(2, '0')}`;
}
