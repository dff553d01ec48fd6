"""What a site may draw, hour by hour: the signed schedules that gateways hold."""
