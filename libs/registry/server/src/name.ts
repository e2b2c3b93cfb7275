const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${component}(?:/${component})*$`);
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The grammar of distribution-spec 1.1. No component begins with `_`, `.` or is empty: names are safe as key segments. */
export const isRepositoryName = (text: string): boolean => text.length <= 255 && repository.test(text);

export const isTag = (text: string): boolean => tag.test(text);
