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
-- Dump completed on 2026-11-27
`
const EXPECTED = [
  { path: 'shop/ids/orders', max: '48211903' },
  { path: 'shop/ids/users', max: '9007' },
]

function assertRefused(text: string, pattern: RegExp): void {
  assert.throws(
    () => readMysqlDump(text, 'a/b'),
    (error: unknown) =>
      error instanceof IdgenError &&
      error.code === 'IDGEN_REQUEST_INVALID' &&
      pattern.test([error.message, ...error.faults.map(({ message }) => message)].join('\n')),
    text,
  )
}

test('the rows of a dump of Leaf are read, whatever stands in their descriptions', () => {
  assert.deepEqual(readMysqlDump(LEAF, 'shop/ids'), EXPECTED)
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
  const plain =
    "INSERT INTO tiny_id_info VALUES (1,'test',1,100001,100000,1,0,'','',2),(2,'test_odd',1,200001,100000,1,0,'','',2);"
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

test('the columns are those of the nearest CREATE TABLE before the rows', () => {
  const create = (columns: string): string =>
    `CREATE TABLE \`tiny_id_info\` (${columns}, PRIMARY KEY (\`id\`));\n`
  const first = `USE \`a\`;\n${create('`id` bigint, `biz_type` varchar(63), `begin_id` bigint, `max_id` bigint')}`
  const rows = "INSERT INTO `tiny_id_info` VALUES (1,'x',1,500000);\n"
  const second = create("id decimal(9,0), biz_type varchar(63) COMMENT 'a;b', max_id bigint, begin_id bigint")
  const moved = "INSERT INTO `tiny_id_info` VALUES (1,'y',700000,1);\n"
  assert.deepEqual(readMysqlDump(`${first}${rows}USE \`b\`;\n${second}${moved}`, 'w/g'), [
    { path: 'w/g/x', max: '500000' },
    { path: 'w/g/y', max: '700000' },
  ])
  assertRefused(`${first}${rows}USE b;\n${rows}`, /columns of database "b" are unknown/)
  assertRefused(
    `${first}INSERT INTO b.tiny_id_info VALUES (1,'x',1,5);`,
    /columns of database "b" are unknown/,
  )
  assertRefused(
    `${create('`id` bigint, `biz_type` char')}${rows}`,
    /has 4 values for the columns id, biz_type/,
  )
  assertRefused(
    `CREATE TABLE leaf_alloc LIKE x;\nINSERT INTO leaf_alloc VALUES ('a',1,2,'','');`,
    /has 5 values/,
  )
})

test('columns that the dump does not say are those of the script, or the row is refused', () => {
  assertRefused(
    "INSERT INTO leaf_alloc VALUES ('a',1000,48211903);",
    /has 3 values for the columns biz_tag, max_id/,
  )
  assertRefused(
    "INSERT INTO leaf_alloc VALUES ('a',1000,48211903,'','');",
    /max_id 1000 below step 48211903: .*order/,
  )
  assertRefused(
    "INSERT INTO tiny_id_info VALUES (1,'x',700000,1,10,1,0,'','',0);",
    /max_id 1 below begin_id 700000/,
  )
  const named = 'INSERT INTO tiny_id_info (biz_type, begin_id, max_id) VALUES'
  assertRefused(`${named} ('x', '9', '8');`, /max_id 8 below begin_id 9/)
  const unused = "INSERT INTO leaf_alloc VALUES ('a',1,2000,'','');"
  assert.deepEqual(readMysqlDump(unused, 'a/b'), [{ path: 'a/b/a', max: '1' }])
})

test('a row is read from every INSERT of rows, and no other INSERT is passed over', () => {
  const row = "('b',20,1,'','2020')"
  const expected = [{ path: 'a/b/b', max: '20' }]
  for (const head of [
    'INSERT DELAYED INTO leaf_alloc VALUES',
    'REPLACE LOW_PRIORITY INTO "leaf_alloc" VALUES',
    'insert  ignore into `shop`.`leaf_alloc`\n (`biz_tag`,`max_id`,`step`,`a`,`b`) value',
    '/* mysqldump */ /*!40000 ALTER TABLE `leaf_alloc` DISABLE KEYS */;\n/*M!999999\\- enable the sandbox mode */ \nINSERT INTO leaf_alloc VALUES',
  ])
    assert.deepEqual(readMysqlDump(`${head} ${row};`, 'a/b'), expected, head)
  const good = `INSERT INTO leaf_alloc VALUES ${row};\n`
  for (const other of [
    `INSERT INTO leaf_alloc SELECT * FROM x;`,
    `INSERT INTO leaf_alloc SET biz_tag = 'c', max_id = 5;`,
    `INSERT INTO leaf_alloc VALUES ${row} ON DUPLICATE KEY UPDATE max_id = 900;`,
    `INSERT INTO leaf_alloc VALUES ${row} ${row};`,
    `INSERT INTO leaf_alloc VALUES ${row} OR ${row};`,
    `INSERT INTO leaf_alloc VALUES ('c',20 + 5,1,'','');`,
    `INSERT INTO leaf_alloc VALUES ('c',20,1,?,'');`,
    `INSERT INTO users VALUES (1)\nINSERT INTO leaf_alloc VALUES ${row};`,
    `DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; INSERT INTO leaf_alloc VALUES ${row}; END ;;\nDELIMITER ;`,
  ])
    assertRefused(
      `${good}${other}`,
      /only INSERT INTO … VALUES \(…\), \(…\); can be read, not: INSERT INTO leaf_alloc/,
    )
  assertRefused(`${good}INSERT INTO leaf_alloc VALUES (0x61,20,1,'','');`, /row \(0x61 20 .*has no biz_tag/)
})

test('comments between rows are skipped, and rows in comments and strings are not read', () => {
  const dump = `-- another\u2028INSERT INTO leaf_alloc VALUES ('line',1,1,'','');
# INSERT INTO leaf_alloc VALUES ('hash',1,1,'','');
/*
INSERT INTO leaf_alloc VALUES ('old',1,1,'','');
*/
INSERT INTO \`of x\\\` VALUES (1);
INSERT INTO \`users\` VALUES ('
INSERT INTO leaf_alloc VALUES (''text'',1,1,1,1);','y\\\\');
INSERT INTO leaf_alloc VALUES ('a',10,1,'it''s -- one','2020'),
-- from the second shard, which was merged into this one a year ago; nobody knows any more by whom, or why
('b',20,1,_binary '/* \\' */','2020') /* the last */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END */;;
DELIMITER ;
`
  assert.deepEqual(readMysqlDump(dump, 'a/b'), [
    { path: 'a/b/a', max: '10' },
    { path: 'a/b/b', max: '20' },
  ])
})

test('a dump that breaks off anywhere is refused', () => {
  const whole = LEAF.trimEnd()
  for (let end = 1; end < whole.indexOf('-- Dump completed'); end += 1)
    assertRefused(whole.slice(0, end), /cut off|no rows|breaks off/)
  const bare = "INSERT INTO leaf_alloc VALUES ('a',10,1,'','2020'),\n('b',20,1,'','2020');"
  assert.equal(readMysqlDump(bare, 'a/b').length, 2)
  for (let end = 1; end < bare.length; end += 1)
    assertRefused(bare.slice(0, end), /breaks off, without a semicolon, in: /)
  for (const rest of ['/* never closed', "INSERT INTO users VALUES ('x", 'INSERT INTO users VALUES (1)'])
    assertRefused(`${bare}\n${rest}`, /breaks off, without a semicolon, in: (?:\/\*|INSERT)/)
  assertRefused(LEAF.replace(/-- Dump completed.*/, ''), /cut off/)
})

test('a dump without such rows is refused with what to do', () => {
  assertRefused(
    'CREATE TABLE `leaf_alloc` (\n  `biz_tag` int\n);',
    /no rows of leaf_alloc or tiny_id_info.*mysqldump/,
  )
  assertRefused('INSERT INTO leaf_alloc (biz_tag) VALUES ("a");', /has no biz_tag and max_id/)
})
