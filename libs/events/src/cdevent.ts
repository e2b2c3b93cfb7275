import { z } from 'zod';

/** The CDEvents release these schemas follow: https://github.com/cdevents/spec/tree/v0.5.1 */
export const cdeventsVersion = '0.5.1';

const context = <T extends string>(type: T) =>
  z.object({
    specversion: z.literal(cdeventsVersion),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.literal(type),
    timestamp: z.iso.datetime({ offset: true }),
    chainId: z.string().min(1),
  });

/** A CDEvent in a CloudEvent, structured JSON (CloudEvents 1.0, application/cloudevents+json). */
export const cloudEvent = <T extends string, S extends string, C extends z.ZodType, D extends z.ZodType>(shape: {
  type: T;
  subject: S;
  content: C;
  customData: D;
}) =>
  z.object({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.literal(shape.type),
    subject: z.string().min(1),
    time: z.iso.datetime({ offset: true }),
    datacontenttype: z.literal('application/json'),
    data: z.object({
      context: context(shape.type),
      subject: z.object({
        id: z.string().min(1),
        source: z.string().optional(),
        type: z.literal(shape.subject),
        content: shape.content,
      }),
      customData: shape.customData,
      customDataContentType: z.literal('application/json'),
    }),
  });
