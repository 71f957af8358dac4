package awsalb

import "regexp"

// The forms of a configuration's names, so that nothing else gets into an address or is compared in vain.
var (
	// regionForm knows "eu-central-1", "cn-north-1" and "us-gov-west-1". Of AWS's secret partitions no endpoint is documented.
	regionForm = regexp.MustCompile(`^(us-gov|[a-z]{2})-[a-z]{1,16}-[1-9]$`)
	// arnForm knows the ARN of an Application Load Balancer, and not those of its listeners, nor of network load balancers.
	arnForm = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):elasticloadbalancing:([a-z0-9-]+):[0-9]{12}:` +
		`loadbalancer/app/[0-9A-Za-z][0-9A-Za-z-]{0,31}/[0-9a-z]{1,32}$`)
)

// partitionOf returns the partition of a region and the address of the keys of its load balancers, up to the key ID; ok is false
// if region is none.
func partitionOf(region string) (partition, keysURL string, ok bool) {
	m := regionForm.FindStringSubmatch(region)
	if m == nil {
		return "", "", false
	}
	switch m[1] {
	case "us-gov":
		return "aws-us-gov", "https://s3-" + region + ".amazonaws.com/aws-elb-public-keys-prod-" + region + "/", true
	case "cn":
		return "aws-cn", "https://public-keys.auth.elb." + region + ".amazonaws.com.cn/", true
	}
	return "aws", "https://public-keys.auth.elb." + region + ".amazonaws.com/", true
}

// parseARN returns the region of a load balancer's ARN; ok is false if it is none, or of another partition than its region.
func parseARN(arn string) (region string, ok bool) {
	m := arnForm.FindStringSubmatch(arn)
	if m == nil {
		return "", false
	}
	partition, _, ok := partitionOf(m[2])
	return m[2], ok && partition == m[1]
}
