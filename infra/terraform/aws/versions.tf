# AWS reference for a region: EKS with a GPU node group, RDS PostgreSQL, two ElastiCache servers, S3 with Object Lock, KMS, certificate.
# NEVER APPLIED: scanned (`make verify`), not run against an account. Read it as a reviewed starting point.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { project = var.name }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
