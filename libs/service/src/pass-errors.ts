import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { RpcExceptionFilter } from '@nestjs/common';

/** Lets what a handler threw through as it is. Nest would make "Internal server error" of it, which tells the operator nothing. */
export class PassErrors implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
