/** Whether two camera addresses are one but for user and password. */
export const sameAddress = (one: string, other: string) => withoutCredentials(one) === withoutCredentials(other);

const withoutCredentials = (url: string) => url.trim().replace(/^([a-z]+:\/\/)[^/]*@/i, "$1");
