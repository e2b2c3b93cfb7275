/** A full object id, SHA-1 or SHA-256, lower case. */
const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** There is no such object, or not of the wanted type, in the repository. */
export class ObjectMissingError extends Error {
  readonly code = 'object-missing';
  override readonly name = 'ObjectMissingError';
}

/** Ids go into git's command lines and requests: nothing else may. @throws TypeError */
export function checkObjectId(id: string): string {
  if (!objectId.test(id)) throw new TypeError(`${JSON.stringify(id)} is not a full object id`);
  return id;
}
