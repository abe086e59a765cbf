// Bundles the clients into one file each, in `vendored/`, with their licences and a list of what is in them.
// `make clients` runs it after `npm ci`; tests run the bundles and need neither npm nor a registry.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const clients = {
  apollo: `
    export { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
    export { PersistedQueryLink } from '@apollo/client/link/persisted-queries';`,
  urql: `
    export { cacheExchange, Client, fetchExchange, gql } from '@urql/core';
    export { persistedExchange } from '@urql/exchange-persisted';`,
  relay: `
    export { commitMutation, createOperationDescriptor, Environment, fetchQuery, getRequest, getSingularSelector,
      Network, RecordSource, Store } from 'relay-runtime';`,
};

const packageOf = (path) => path.match(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
const described = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));

const digest = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const write = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

// npm also writes where packages ask for money.
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const locked of Object.values(lock.packages)) delete locked.funding;
write('package-lock.json', lock);

rmSync('vendored', { recursive: true, force: true });
const bundles = [];
const licences = new Map();
for (const [name, contents] of Object.entries(clients)) {
  const file = `vendored/${name}.js`;
  const { metafile } = await build({
    stdin: { contents, resolveDir: '.' },
    outfile: file,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // As an app's developer runs them: they warn of what their caches cannot keep.
    conditions: ['development'],
    define: { 'process.env.NODE_ENV': '"development"' },
    legalComments: 'none',
    metafile: true,
  });
  // Messages name packages, not where they are downloaded.
  writeFileSync(file, readFileSync(file, 'utf8').replace(/https:\/\/www\.\w+\.com\/package\//g, ''));
  const packages = [...new Set(Object.keys(metafile.inputs).map(packageOf).filter(Boolean))].sort();
  for (const packaged of packages) {
    const text = readdirSync(`node_modules/${packaged}`).find((entry) => /^licen[cs]e/i.test(entry));
    const { version, license, author } = described(packaged);
    const by = author?.name ?? author ?? 'its authors';
    const body = text ? readFileSync(`node_modules/${packaged}/${text}`, 'utf8').trim() : `${license}, ${by}. The package brings no text of the licence.`;
    licences.set(packaged, `${packaged} ${version}\n\n${body}\n`);
  }
  bundles.push({
    file: `${name}.js`,
    sha256: digest(file),
    packages: Object.fromEntries(packages.map((packaged) => [packaged, described(packaged).version])),
  });
}
writeFileSync('vendored/LICENSES.txt', [...licences.values()].join(`\n${'-'.repeat(80)}\n\n`));
const madeOf = ['build.mjs', 'package-lock.json'];
write('vendored/vendored.json', { 'made of': Object.fromEntries(madeOf.map((file) => [file, digest(file)])), bundles });
