/** The text with the user part of every URL in it hidden: git repeats the URLs it was given in its messages. */
export const maskCredentials = (text: string): string => text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1***@');
