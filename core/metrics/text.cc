// SPDX-License-Identifier: Apache-2.0
// The text formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
#include <charconv>
#include <functional>

#include "core/base/error.h"
#include "core/metrics/families.h"

namespace xpu::metrics {
namespace {

enum class Format { kPrometheus, kOpenMetrics };

// The shortest that is read back as the same, in figures where they are not too many to be read.
std::string number(double value) {
  char text[64];
  const double size = value < 0 ? -value : value;
  const bool plain = size == 0 || (size >= 1e-9 && size < 1e16);
  const auto form = plain ? std::chars_format::fixed : std::chars_format::general;
  return {text, std::to_chars(text, text + sizeof text, value, form).ptr};
}

// An end of a bucket: the same in both formats, and a fraction always, as OpenMetrics wants it.
std::string bound_text(double bound) {
  const std::string text = number(bound);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

void escape(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\' || (c == '"' && quotes)) {
      out += '\\';
    }
    out.append(c == '\n' ? "\\n" : std::string(1, c));
  }
}

class Writer {
 public:
  Writer(const Metric& metric, Format format)
      : metric_(metric), format_(format), names_(label_names(metric)) {}

  std::string write(const std::map<Labels, Series>& family) {
    head();
    for (const auto& [labels, series] : family) {
      if (metric_.type == Type::kHistogram) {
        histogram(labels, series);
      } else {
        line(metric_.name, labels, "", number(series.value));
      }
      created(labels, series);
    }
    return std::move(out_);
  }

 private:
  bool open() const { return format_ == Format::kOpenMetrics; }

  // What OpenMetrics calls the family: without the ending that the samples have.
  std::string_view base() const {
    const std::string_view ending = metric_.type == Type::kCounter ? "_total"
                                    : metric_.type == Type::kInfo  ? "_info"
                                                                   : "";
    return metric_.name.substr(0, metric_.name.size() - ending.size());
  }

  void head() {
    const std::string_view name = open() ? base() : metric_.name;
    const char* const type =
        !open() && metric_.type == Type::kInfo ? "gauge" : to_string(metric_.type);
    out_ += cat("# HELP ", name, " ");
    escape(out_, metric_.help, open());
    out_ += cat("\n# TYPE ", name, " ", type, "\n");
    if (open() && !metric_.unit.empty()) {
      out_ += cat("# UNIT ", name, " ", metric_.unit, "\n");
    }
  }

  void line(std::string_view name, const Labels& labels, std::string_view end,
            const std::string& value) {
    out_ += name;
    char before = '{';
    for (std::size_t i = 0; i < names_.size(); ++i) {
      // An empty label is no label.
      if (!labels[i].empty()) {
        out_.append(1, before).append(names_[i]).append("=\"");
        escape(out_, labels[i], true);
        out_ += '"';
        before = ',';
      }
    }
    if (!end.empty()) {
      out_.append(1, before).append("le=\"").append(end).append("\"");
      before = ',';
    }
    out_.append(before == ',' ? "} " : " ").append(value).append("\n");
  }

  void histogram(const Labels& labels, const Series& series) {
    const DurationHistogram& durations = series.histogram;
    const std::string bucket = cat(metric_.name, "_bucket");
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < durations.buckets.size(); ++i) {
      below += durations.buckets[i];
      line(bucket, labels,
           i < DurationHistogram::kBounds.size() ? bound_text(DurationHistogram::kBounds[i])
                                                 : "+Inf",
           std::to_string(below));
    }
    line(cat(metric_.name, "_sum"), labels, "", number(durations.sum));
    line(cat(metric_.name, "_count"), labels, "", std::to_string(durations.count));
  }

  void created(const Labels& labels, const Series& series) {
    if (open() && series.created_ns > 0 &&
        (metric_.type == Type::kCounter || metric_.type == Type::kHistogram)) {
      line(cat(base(), "_created"), labels, "", number(seconds_of(series.created_ns)));
    }
  }

  const Metric& metric_;
  Format format_;
  std::vector<std::string_view> names_;
  std::string out_;
};

std::string written(const Families& families, Format format) {
  std::string out;
  for (const auto& [id, family] : families.all()) {
    out += Writer(metric(id), format).write(family);
  }
  return out;
}

}  // namespace

std::string to_prometheus(const Families& families) {
  return written(families, Format::kPrometheus);
}

std::string to_openmetrics(const Families& families) {
  return written(families, Format::kOpenMetrics) + "# EOF\n";
}

}  // namespace xpu::metrics
