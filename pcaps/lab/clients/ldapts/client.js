// The lab's Node client: takes one connection through the steps named on its command line.
//
//   client.js URL STEP...
//   steps: starttls | bind DN PASSWORD | search BASE FILTER ATTRIBUTES | compare DN ATTRIBUTE VALUE
//          replace DN ATTRIBUTE VALUE | unbind
import { readFileSync } from 'node:fs';
import { Attribute, Change, Client } from 'ldapts';

const [url, ...words] = process.argv.slice(2);
const tlsOptions = process.env.LDAPTLS_CACERT ? { ca: readFileSync(process.env.LDAPTLS_CACERT) } : {};
const client = new Client({ url, tlsOptions: url.startsWith('ldaps:') ? tlsOptions : undefined });

const steps = {
  starttls: [0, () => client.startTLS({ ...tlsOptions, servername: new URL(url).hostname })],
  bind: [2, (dn, password) => client.bind(dn, password)],
  search: [3, (base, filter, attributes) => client.search(base, { filter, attributes: attributes.split(',') })],
  compare: [3, (dn, attribute, value) => client.compare(dn, attribute, value)],
  replace: [3, (dn, type, value) => client.modify(dn,
    new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }))],
  unbind: [0, () => client.unbind()],
};

try {
  while (words.length > 0) {
    const [count, run] = steps[words.shift()];
    await run(...words.splice(0, count));
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await client.unbind();
}
