import { Option } from 'commander'

/** The same on every command that reads the configuration. */
export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'YAML configuration file; environment variables IDGEN_… go above it',
  ).env('IDGEN_CONFIG')
}
