/** Leaf's table as its scripts/leaf_alloc.sql makes it (86a6441), with rows that are hard to read. */
export const LEAF_TABLE = String.raw`
CREATE DATABASE leaf CHARACTER SET utf8mb4;
CREATE TABLE leaf.leaf_alloc (
  biz_tag varchar(128) NOT NULL DEFAULT '',
  max_id bigint(20) NOT NULL DEFAULT '1',
  step int(11) NOT NULL,
  description varchar(256) DEFAULT NULL,
  update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (biz_tag)
) ENGINE=InnoDB;
INSERT INTO leaf.leaf_alloc (biz_tag, max_id, step, description) VALUES
  ('orders', 48211903, 2000, 'orders of the shop'),
  ('parcels', 7001, 1000, NULL),
  ('fresh', 1, 2000, 'INSERT INTO leaf_alloc VALUES (''x'',1,1,'''',NULL);'),
  ('odd.tag', 9007199254740000, 1000, 'it''s "said"; \\ back\\''slash (1,2),(3,4); -- no comment /* nor this */ \n\r\0\Z 中文');
`

export const LEAF_MAXIMA = { fresh: '1', 'odd.tag': '9007199254740000', orders: '48211903', parcels: '7001' }

/** tinyid's two tables as its tinyid-server/db.sql makes them (49976d3); the comments of its columns are cut. */
export const TINYID_TABLES = `
CREATE DATABASE tinyid CHARACTER SET utf8mb4;
CREATE TABLE tinyid.tiny_id_info (
  id bigint(20) NOT NULL AUTO_INCREMENT COMMENT '自增主键',
  biz_type varchar(63) NOT NULL DEFAULT '' COMMENT '业务类型，唯一',
  begin_id bigint(20) NOT NULL DEFAULT '0' COMMENT 'begin_id, max_id; (both) the same at first',
  max_id bigint(20) NOT NULL DEFAULT '0',
  step int(11) DEFAULT '0',
  delta int(11) NOT NULL DEFAULT '1',
  remainder int(11) NOT NULL DEFAULT '0',
  create_time timestamp NOT NULL DEFAULT '2010-01-01 00:00:00',
  update_time timestamp NOT NULL DEFAULT '2010-01-01 00:00:00',
  version bigint(20) NOT NULL DEFAULT '0',
  PRIMARY KEY (id),
  UNIQUE KEY uniq_biz_type (biz_type)
) ENGINE=InnoDB AUTO_INCREMENT=1 COMMENT 'id信息表';
CREATE TABLE tinyid.tiny_id_token (
  id int(11) unsigned NOT NULL AUTO_INCREMENT,
  token varchar(255) NOT NULL DEFAULT '',
  biz_type varchar(63) NOT NULL DEFAULT '',
  remark varchar(255) NOT NULL DEFAULT '',
  create_time timestamp NOT NULL DEFAULT '2010-01-01 00:00:00',
  update_time timestamp NOT NULL DEFAULT '2010-01-01 00:00:00',
  PRIMARY KEY (id)
) ENGINE=InnoDB AUTO_INCREMENT=1;
INSERT INTO tinyid.tiny_id_info (biz_type, begin_id, max_id, step, delta, remainder, version) VALUES
  ('test', 1, 400001, 100000, 1, 0, 5), ('test_odd', 1, 1, NULL, 2, 1, 1);
INSERT INTO tinyid.tiny_id_token (token, biz_type, remark) VALUES ('0f67', 'test', 'tiny_id_info');
`

export const TINYID_MAXIMA = { test: '400001', test_odd: '1' }
