output "certificate_validation" {
  description = "DNS records that prove the name is yours."
  value       = aws_acm_certificate.this.domain_validation_options
}

output "values" {
  description = "For the chart, beside values-region.yaml: terraform output -json values > values-mine.json"
  value = {
    database = { external = { host = aws_db_instance.this.address } }
    bus      = { mode = "external", external = { host = aws_elasticache_replication_group.bus.primary_endpoint_address, tls = true, cidrs = [var.network] } }
    memory = {
      mode     = "external"
      external = { host = aws_elasticache_replication_group.memory.primary_endpoint_address, tls = true, cidrs = [var.network], nothingOnDisk = true }
    }
    objects  = { bucket = aws_s3_bucket.evidence.id, region = var.region }
    extraEnv = { for key in local.kms_keys : "PENNYPROTECT_KMS_KEYS" => key }
    # The load balancer sends to pods itself, from the public subnets.
    service = { trustedProxies = [for subnet in aws_subnet.public : subnet.cidr_block] }
    networkPolicy = {
      ingressCidrs = [for subnet in aws_subnet.public : subnet.cidr_block]
      database     = { cidrs = [var.network] }
    }
    ingress = {
      enabled    = true
      controller = "alb"
      className  = "alb"
      host       = var.host
      # The balancer would find a certificate of this name by itself; named, it takes this one and no other.
      annotations = {
        "alb.ingress.kubernetes.io/scheme"          = "internet-facing"
        "alb.ingress.kubernetes.io/certificate-arn" = aws_acm_certificate.this.arn
      }
    }
  }
}
