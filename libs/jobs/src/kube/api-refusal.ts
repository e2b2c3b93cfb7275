import { z } from 'zod';
import { JobsError } from '../jobs';
import type { Fault } from '../jobs';

/** The cluster's API answered, and said no. */
export class ApiRefusal extends JobsError {
  constructor(
    message: string,
    /** Of HTTP. */
    readonly status: number,
    about: { transient: boolean; fault: Fault },
  ) {
    super(message, about.transient, { fault: about.fault });
  }
}

const statusObject = z.object({ message: z.string() });

/** @param what was tried, on what @param body what the API said */
export function refusalOf(what: string, status: number, body: string): ApiRefusal {
  const said = wordsOf(body) || `HTTP status ${status}`;
  return new ApiRefusal(`${what} was refused by the cluster: ${said}${adviceOn(status, said)}`, status, {
    transient: status === 429 || status >= 500 || isQuota(status, said),
    fault: [400, 413, 422].includes(status) ? 'user' : 'ours',
  });
}

function wordsOf(body: string): string {
  try {
    return statusObject.parse(JSON.parse(body)).message;
  } catch {
    return body.slice(0, 500).trim(); // a proxy in between answers in words of its own
  }
}

/** A full quota has room again when other jobs end. */
const isQuota = (status: number, said: string): boolean => status === 403 && said.includes('exceeded quota');

function adviceOn(status: number, said: string): string {
  if (status === 401) return ': the credentials in the kubeconfig are not valid, or no longer';
  if (status === 403 && said.includes(' cannot ')) return ': give its Role this right';
  return '';
}

export const isStatus = (error: unknown, status: number): error is ApiRefusal =>
  error instanceof ApiRefusal && error.status === status;
