import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { readMysqlDump } from './import-mysql-dump.ts'

const LEAF = `-- MySQL dump 10.13  Distrib 8.0.36
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`leaf_alloc\`;
CREATE TABLE \`leaf_alloc\` (
  \`biz_tag\` varchar(128) NOT NULL DEFAULT '',
  \`max_id\` bigint NOT NULL DEFAULT '1',
  \`step\` int NOT NULL,
  \`description\` varchar(256) DEFAULT NULL,
  \`update_time\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (\`biz_tag\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES \`leaf_alloc\` WRITE;
INSERT INTO \`leaf_alloc\` VALUES ('orders',48211903,2000,'it\\'s (a) test; INSERT INTO x','2026-11-01 00:00:00'),('users',9007,100,NULL,'2026-11-01 00:00:00');
INSERT INTO \`users\` VALUES ('not ours',1);
UNLOCK TABLES;
`

test('the rows of a dump of Leaf are read, whatever stands in their descriptions', () => {
  assert.deepEqual(readMysqlDump(LEAF, 'shop/ids'), [
    { path: 'shop/ids/orders', max: '48211903' },
    { path: 'shop/ids/users', max: '9007' },
  ])
})

test('the rows of a dump of tinyid are read by the names of their columns, or in their usual order', () => {
  const named = `INSERT INTO \`tiny_id_info\` (\`id\`, \`biz_type\`, \`begin_id\`, \`max_id\`, \`step\`)
VALUES
	(1, 'test', 1, 100001, 100000),
	(2, 'test_odd', 1, 200001, 100000);
`
  const expected = [
    { path: 'a/b/test', max: '100001' },
    { path: 'a/b/test_odd', max: '200001' },
  ]
  assert.deepEqual(readMysqlDump(named, 'a/b'), expected)
  const plain = "INSERT INTO tiny_id_info VALUES (1,'test',1,100001,100000),(2,'test_odd',1,200001,100000);"
  assert.deepEqual(readMysqlDump(plain, 'a/b'), expected)
})

test('the order of columns is that of the table in the dump, where a migration changed it', () => {
  const moved = LEAF.replace(/ {2}`max_id`.*\n/, '').replace(
    '  PRIMARY',
    '  `max_id` bigint NOT NULL,\n  PRIMARY',
  )
  const dump = moved.replace(
    /INSERT INTO `leaf_alloc` VALUES .*\n/,
    "INSERT INTO `leaf_alloc` VALUES ('orders',2000,NULL,'2026',77);\n",
  )
  assert.deepEqual(readMysqlDump(dump, 'a/b'), [{ path: 'a/b/orders', max: '77' }])
})

test('a dump without such rows, and one that breaks off, is refused with what to do', () => {
  const refused = (text: string, message: RegExp): void =>
    assert.throws(
      () => readMysqlDump(text, 'a/b'),
      (error: unknown) => error instanceof IdgenError && message.test(error.message),
    )
  refused(
    'CREATE TABLE `leaf_alloc` (\n  `biz_tag` int\n);',
    /no rows of leaf_alloc or tiny_id_info.*mysqldump/,
  )
  refused("INSERT INTO leaf_alloc VALUES ('a',1,2,'x','y'),('b',", /1 rows of the dump cannot be read/)
  refused('INSERT INTO leaf_alloc (biz_tag) VALUES ("a");', /cannot be read/)
})
