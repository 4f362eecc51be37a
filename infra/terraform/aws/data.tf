resource "aws_security_group" "data" {
  name        = "${var.name}-data"
  description = "PostgreSQL and Redis, from the cluster's nodes alone."
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "data" {
  for_each                     = { postgres = 5432, redis = 6379 }
  security_group_id            = aws_security_group.data.id
  description                  = "${each.key} from the cluster"
  referenced_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

# PostgreSQL with pgvector (an extension of RDS). Its administrator's password is made and kept by AWS.
resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_db_parameter_group" "this" {
  name   = var.name
  family = "postgres17"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_connections"
    value = "1"
  }
  # Statements would put people's data into the log.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_161: the product signs in with a role of its own per process, by SCRAM over TLS
  identifier                      = var.name
  engine                          = "postgres"
  engine_version                  = "17"
  instance_class                  = var.database.instance_class
  allocated_storage               = var.database.storage_gb
  max_allocated_storage           = var.database.max_storage_gb
  storage_type                    = "gp3"
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.this.arn
  db_name                         = "pennyprotect"
  username                        = "postgres"
  manage_master_user_password     = true
  master_user_secret_kms_key_id   = aws_kms_key.this.arn
  db_subnet_group_name            = aws_db_subnet_group.this.name
  parameter_group_name            = aws_db_parameter_group.this.name
  vpc_security_group_ids          = [aws_security_group.data.id]
  publicly_accessible             = false
  multi_az                        = true
  backup_retention_period         = 14
  copy_tags_to_snapshot           = true
  deletion_protection             = true
  auto_minor_version_upgrade      = true
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  final_snapshot_identifier       = "${var.name}-final"
}

resource "aws_iam_role" "monitoring" {
  name               = "${var.name}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.assume["monitoring.rds.amazonaws.com"].json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

# Who may do what on each server: the product's own rules (acl.json is written from them, a test compares), a user a role and server.
locals {
  acl = jsondecode(file("${path.module}/acl.json"))
  users = merge([
    for server, rules in local.acl : { for user, rule in rules : "${server}.${user}" => { server = server, user = user, rule = rule } }
  ]...)
}

resource "aws_elasticache_user" "this" {
  for_each      = local.users
  user_id       = "${var.name}-${each.value.server}-${each.value.user}"
  user_name     = each.value.user
  engine        = "valkey"
  access_string = each.value.rule
  authentication_mode {
    type      = "password"
    passwords = [var.redis_passwords[each.key]]
  }
}

resource "aws_elasticache_user_group" "this" {
  for_each      = local.acl
  engine        = "valkey"
  user_group_id = "${var.name}-${each.key}"
  user_ids      = [for name, user in local.users : aws_elasticache_user.this[name].user_id if user.server == each.key]
}

# A full server refuses writes, which the product counts and says; the default would throw messages away unseen.
resource "aws_elasticache_parameter_group" "this" {
  name   = var.name
  family = "valkey8"
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

# The durable bus: two nodes, a snapshot a day.
resource "aws_elasticache_replication_group" "bus" {
  # checkov:skip=CKV_AWS_31: users come by RBAC (the user groups above), not by one shared token
  replication_group_id       = "${var.name}-bus"
  user_group_ids             = [aws_elasticache_user_group.this["bus"].user_group_id]
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  description                = "Tracklets, health, live streams"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.r7g.large"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.data.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  kms_key_id                 = aws_kms_key.this.arn
  snapshot_retention_limit   = 1
}

# Frames with keypoints and probe embeddings: one node, no replica, no snapshot, so that nothing of it is ever written.
resource "aws_elasticache_replication_group" "memory" {
  # checkov:skip=CKV_AWS_31: as the bus
  # checkov:skip=CKV2_AWS_50: a replica would be a second copy of what must not be kept
  # checkov:skip=CKV_AWS_134: a snapshot would write people's poses to a disk
  replication_group_id       = "${var.name}-memory"
  user_group_ids             = [aws_elasticache_user_group.this["memory"].user_group_id]
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  description                = "Frames and probe embeddings, never on disk"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.r7g.large"
  num_cache_clusters         = 1
  automatic_failover_enabled = false
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.data.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  kms_key_id                 = aws_kms_key.this.arn
  snapshot_retention_limit   = 0
}
