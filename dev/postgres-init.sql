-- The role and the database; idgen makes its tables itself when it starts (migrations/).
CREATE ROLE idgen LOGIN PASSWORD 'idgen-dev';
CREATE DATABASE idgen OWNER idgen;
