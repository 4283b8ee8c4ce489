// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace xpu::metrics {

inline constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr const char* kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace xpu::metrics
