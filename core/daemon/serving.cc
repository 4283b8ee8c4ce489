// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/serving.h"

#include "core/base/error.h"
#include "core/log/log.h"

namespace xpu {

void Serving::adjust(const Config& config, std::int64_t now_ms) {
  const std::string terms =
      config.metrics ? cat(config.metrics_address, " ", config.metrics_port) : std::string();
  config_ = config;
  if (terms == terms_) {
    return;
  }
  terms_ = terms;
  server_.reset();
  restarts_ = watch::Restarts();
  start_ms_ = terms.empty() ? std::nullopt : std::optional(now_ms);
}

void Serving::advance(std::int64_t now_ms) {
  if (server_ != nullptr && !server_->alive()) {
    const std::string why = server_->why_ended();
    server_.reset();
    start_ms_ = restarts_.ended(now_ms);
    log::warn(cat("the metrics server ended (", why, ") and is started again in ",
                  (*start_ms_ - now_ms + 999) / 1000, " s"));
  }
  if (server_ != nullptr || !start_ms_ || *start_ms_ > now_ms) {
    return;
  }
  start_ms_.reset();
  try {
    restarts_.started(now_ms);
    server_ = std::make_unique<MetricsServer>(config_);
    log::info(cat("metrics are at ", server_->where()));
  } catch (const Error& error) {
    start_ms_ = restarts_.ended(now_ms);
    log::error(cat("no metrics: ", error.what(), "; tried again in ",
                   (*start_ms_ - now_ms + 999) / 1000, " s ([xpud] metrics = false does without)"));
  }
}

void Serving::publish(const metrics::Texts& texts) {
  if (server_ != nullptr) {
    server_->publish(texts.prometheus, texts.openmetrics);
  }
}

}  // namespace xpu
