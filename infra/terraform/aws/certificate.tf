# For the load balancer that the AWS Load Balancer Controller makes from the chart's ingress (ingress.controller: alb).
resource "aws_acm_certificate" "this" {
  domain_name       = var.host
  validation_method = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}
