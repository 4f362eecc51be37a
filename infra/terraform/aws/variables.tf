variable "region" {
  description = "AWS region, near the stores and where the law wants the data."
  type        = string
}

variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "pennyprotect"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "Lower-case letters, digits and hyphens, 25 at most: S3 and RDS take no more."
  }
}

variable "zones" {
  description = "Three availability zones of the region, by name: a zone that AWS adds later must not move subnets."
  type        = list(string)
  validation {
    condition     = length(var.zones) == 3 && length(distinct(var.zones)) == 3
    error_message = "Name three different zones."
  }
}

variable "host" {
  description = "Name of the dashboard; its certificate is made here, its DNS record is yours."
  type        = string
}

variable "network" {
  description = "Address range of the VPC. Must not overlap the stores' networks, which are reached by VPN or transit gateway."
  type        = string
  default     = "10.64.0.0/16"
}

variable "admin_networks" {
  description = "Networks that may reach the cluster's API."
  type        = list(string)
  validation {
    condition     = length(var.admin_networks) > 0 && !contains(var.admin_networks, "0.0.0.0/0")
    error_message = "Name your own networks; the whole internet must not reach the cluster's API."
  }
}

variable "gpu_nodes" {
  description = "GPU nodes: kind and number (docs/capacity.md)."
  type        = object({ instance_type = string, min = number, max = number })
  default     = { instance_type = "g6.2xlarge", min = 1, max = 8 }
}

variable "cpu_nodes" {
  description = "Nodes for service, pipeline and the operators."
  type        = object({ instance_type = string, min = number, max = number })
  default     = { instance_type = "m7i.xlarge", min = 3, max = 12 }
}

variable "database" {
  description = "RDS PostgreSQL: class and storage in GB."
  type        = object({ instance_class = string, storage_gb = number, max_storage_gb = number })
  default     = { instance_class = "db.r7g.xlarge", storage_gb = 200, max_storage_gb = 2000 }
}

variable "evidence_days" {
  description = "Days after which evidence that no hold protects is gone for good, older versions included."
  type        = number
  default     = 90
}

variable "redis_passwords" {
  description = "The Secret's passwords of the two servers' users: `bus.service`, `memory.worker`, ... They are in the state afterwards: keep that encrypted."
  type        = map(string)
  sensitive   = true
}

variable "kms_secrets" {
  description = "Whether stored secrets are sealed by the key of this region: dispatcher, pipeline and migrate may use it then, as the service may. networkPolicy.providers.cidrs must let them reach it."
  type        = bool
  default     = false
}

variable "models_bucket" {
  description = "Bucket of the models' artefacts (models.source=s3, models.s3.bucket); Triton may read it. Empty: they come another way."
  type        = string
  default     = ""
}

variable "pushes_bucket" {
  description = "Bucket of pushed model versions (models.pushes.bucket): the service writes there, Triton reads. Empty: they come by a volume, or never."
  type        = string
  default     = ""
}

variable "pushes_prefix" {
  description = "Folder in it (models.pushes.prefix): files elsewhere in the bucket are neither read nor written, though their names are listed. Empty: all of it."
  type        = string
  default     = ""

  validation {
    condition     = !startswith(var.pushes_prefix, "/") && !endswith(var.pushes_prefix, "/")
    error_message = "A folder without a slash before or behind it, like models."
  }

  validation {
    condition     = var.pushes_prefix != "" || var.pushes_bucket == "" || var.pushes_bucket != var.models_bucket
    error_message = "In the bucket of the models' artefacts pushes need a folder of their own: the service could overwrite and remove the others."
  }
}
