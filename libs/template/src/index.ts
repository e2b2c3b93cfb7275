export {
  TemplateError,
  TemplateExecutionError,
  TemplateFaultError,
  TemplateLimitError,
  TemplateRaisedError,
  TemplateRequestError,
  TemplateSandboxError,
  TemplateSyntaxError,
} from './template-errors';
export type { TemplatePlace } from './template-errors';
export { TemplateRenderer } from './template-renderer';
export type { TemplateData, TemplateLimits, TemplateRequest, TemplateValue } from './template-renderer';
