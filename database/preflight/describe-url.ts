/** Names a database by its URL without the password: `mysql reader@db.example:3306/clinic`. */
export function describeUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // The text may hold a password, so that not even a part of it is shown.
    return 'a URL that cannot be read';
  }
  const scheme = parsed.protocol.replace(/:$/, '');
  const port = parsed.port || (scheme.startsWith('postgres') ? '5432' : '3306');
  const user = parsed.username === '' ? '' : `${decode(parsed.username)}@`;
  return `${scheme} ${user}${parsed.hostname}:${port}/${decode(parsed.pathname.slice(1))}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
