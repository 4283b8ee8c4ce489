// SPDX-License-Identifier: Apache-2.0
// Times two commands as whole processes, in turn (A B A B ...), and prints medians in microseconds:
//   pair RUNS [--reset FILE COPY_OF]... [--after COMMAND] -- A ... --- B ...
// → "median_a median_b median_of_differences maxrss_a_kib"
// Before each timed run every FILE is made anew from COPY_OF ("-": removed); after it, outside the
// timing, COMMAND is run by sh. Standard output goes nowhere; a command that fails ends it all.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Reset {
  std::string file, copy_of;
};

struct Job {
  int runs = 0;
  std::vector<Reset> resets;
  std::string after;
  std::vector<char*> a, b;
};

struct Sample {
  double microseconds;
  long maxrss_kib;
};

[[noreturn]] void die(const std::string& text) {
  std::fprintf(stderr, "pair: %s\n", text.c_str());
  std::exit(2);
}

Sample run(const std::vector<char*>& command) {
  std::vector<char*> argv = command;
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) {
    die(std::string("cannot start ") + argv[0]);
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) {
    die(std::string(argv[0]) + " failed");
  }
  return {took.count(), usage.ru_maxrss};
}

Sample measure(const Job& job, const std::vector<char*>& command) {
  for (const Reset& reset : job.resets) {
    fs::remove(reset.file);
    if (reset.copy_of != "-") {
      fs::copy_file(reset.copy_of, reset.file);
    }
  }
  const Sample sample = run(command);
  if (!job.after.empty() && std::system(job.after.c_str()) != 0) {
    die("failed: " + job.after);
  }
  return sample;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Job parse(int argc, char** argv) {
  Job job;
  int i = 1;
  job.runs = argc > 1 ? std::atoi(argv[i++]) : 0;
  for (; i < argc && std::string(argv[i]) != "--"; ++i) {
    const std::string option = argv[i];
    if (option == "--reset" && i + 2 < argc) {
      job.resets.push_back({argv[i + 1], argv[i + 2]});
      i += 2;
    } else if (option == "--after" && i + 1 < argc) {
      job.after = argv[++i];
    } else {
      die("unknown option " + option);
    }
  }
  std::vector<char*>* side = &job.a;
  for (++i; i < argc; ++i) {
    if (std::string(argv[i]) == "---") {
      side = &job.b;
    } else {
      side->push_back(argv[i]);
    }
  }
  if (job.runs < 1 || job.a.empty() || job.b.empty()) {
    die("usage: pair RUNS [--reset FILE COPY_OF]... [--after COMMAND] -- A ... --- B ...");
  }
  return job;
}

}  // namespace

int main(int argc, char** argv) {
  const Job job = parse(argc, argv);
  std::vector<double> a, b, difference;
  long maxrss = 0;
  for (int i = -3; i < job.runs; ++i) {  // three pairs to warm up
    const Sample first = measure(job, job.a);
    const Sample second = measure(job, job.b);
    if (i >= 0) {
      a.push_back(first.microseconds);
      b.push_back(second.microseconds);
      difference.push_back(first.microseconds - second.microseconds);
      maxrss = std::max(maxrss, first.maxrss_kib);
    }
  }
  std::printf("%.0f %.0f %.0f %ld\n", median(a), median(b), median(difference), maxrss);
}
