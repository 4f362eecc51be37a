# An identity for each role of the chart that calls AWS, with what it calls and nothing else. Workers have none: they PUT clips to addresses that
# the service has signed.
locals {
  bucket = {
    Effect   = "Allow"
    Action   = ["s3:ListBucket", "s3:GetBucketObjectLockConfiguration"]
    Resource = aws_s3_bucket.evidence.arn
  }
  versions = {
    Effect   = "Allow"
    Action   = ["s3:ListBucketVersions"]
    Resource = aws_s3_bucket.evidence.arn
  }
  recordings = ["${aws_s3_bucket.evidence.arn}/evidence/*", "${aws_s3_bucket.evidence.arn}/exports/*"]
  secrets = {
    Effect   = "Allow"
    Action   = ["kms:Encrypt", "kms:Decrypt"]
    Resource = aws_kms_key.this.arn
  }
  kms_keys     = var.kms_secrets ? [aws_kms_key.this.arn] : []
  kms_roles    = var.kms_secrets ? ["dispatcher", "pipeline", "migrate"] : []
  models_roles = var.models_bucket == "" && var.pushes_bucket == "" ? [] : ["triton"]
  s3           = "arn:${data.aws_partition.this.partition}:s3:::"
  pushes_files = "${local.s3}${var.pushes_bucket}/${var.pushes_prefix == "" ? "*" : "${var.pushes_prefix}/*"}"
  models_files = compact([var.models_bucket == "" ? "" : "${local.s3}${var.models_bucket}/*", var.pushes_bucket == "" ? "" : local.pushes_files])
  identities = merge(
    {
      # Signs uploads, reads, sets retention and holds. It removes uploads that are not what was announced and exports that were not handed over,
      # with their versions; what is under a GOVERNANCE lock it cannot remove.
      service = [
        local.bucket,
        local.versions,
        {
          Effect = "Allow"
          Action = [
            "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:PutObject", "s3:PutObjectRetention",
            "s3:PutObjectLegalHold", "s3:DeleteObject", "s3:DeleteObjectVersion"
          ]
          Resource = local.recordings
        },
        {
          Effect   = "Allow"
          Action   = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
          Resource = aws_kms_key.this.arn
        }
      ]
      # Writes anchors in COMPLIANCE mode and reads them back.
      sealer = [
        local.bucket,
        {
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectRetention", "s3:PutObject", "s3:PutObjectRetention"]
          Resource = "${aws_s3_bucket.evidence.arn}/audit/anchors/*"
        },
        {
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = aws_kms_key.this.arn
        }
      ]
      # Ends evidence, under a GOVERNANCE lock too, and lifts holds that people released; it neither reads nor writes what is recorded. HEAD, by
      # which it sees locks, asks for GetObject: without the key's Decrypt that gives no bytes.
      retention = [
        local.bucket,
        local.versions,
        {
          Effect = "Allow"
          Action = [
            "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:PutObjectLegalHold",
            "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"
          ]
          Resource = local.recordings
        }
      ]
    },
    # Beside the service, which may already.
    { for role in local.kms_roles : role => [local.secrets] },
    { for role in local.models_roles : role => [
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [for name in distinct(compact([var.models_bucket, var.pushes_bucket])) : "${local.s3}${name}"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.models_files
      }
    ] }
  )
}

resource "aws_iam_role" "pod" {
  for_each = local.identities
  name     = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "pod" {
  for_each = local.identities
  role     = aws_iam_role.pod[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = each.value
  })
}

# A push writes a version's files and then the record that makes them one; retiring and sweeping remove files. Its versions are signed: whoever
# could write here without the team's key would bring nothing that is loaded.
resource "aws_iam_role_policy" "pushes" {
  count = var.pushes_bucket == "" ? 0 : 1
  name  = "pushes"
  role  = aws_iam_role.pod["service"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = "${local.s3}${var.pushes_bucket}"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = local.pushes_files
      }
    ]
  })
}

resource "aws_eks_pod_identity_association" "pod" {
  for_each        = local.identities
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "pennyprotect"
  service_account = "pennyprotect-${each.key}"
  role_arn        = aws_iam_role.pod[each.key].arn
}

# Until there was a role for each, one was for service, sealer and retention.
moved {
  from = aws_iam_role.service
  to   = aws_iam_role.pod["service"]
}

moved {
  from = aws_iam_role_policy.service
  to   = aws_iam_role_policy.pod["service"]
}

moved {
  from = aws_eks_pod_identity_association.service
  to   = aws_eks_pod_identity_association.pod
}
