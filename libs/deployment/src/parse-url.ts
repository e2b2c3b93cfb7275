/** As `URL.parse`, which Node 20 lacks. */
export const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
