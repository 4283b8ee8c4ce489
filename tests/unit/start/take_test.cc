// SPDX-License-Identifier: Apache-2.0
// Taking devices beside others, and what becomes of those that are gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/record/ledger.h"
#include "core/start/account.h"
#include "core/start/start.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class TakeTest : public testing::Test {
 protected:
  TakeTest() : state_(dir_ / "state"), root_(dir_ / "root"), records_(state_) {
    fs::create_directory(root_);
    dir_.write("bundle/config.json", "{}");
    config_.state_dir = state_;
    config_.usage_dir = dir_ / "usage";
  }

  Record record_of(const std::string& id, const Creator& creator) const {
    Record out;
    out.id = id;
    out.runtime_root = root_;
    out.creator = creator;
    out.exclusive = true;
    out.created_unix = 1700000000;
    out.created_ns = out.created_unix * 1000000000;
    out.held = {{"acme:0", "acme:0", "", "acme", "Acme One", {}, ""}};
    return out;
  }
  // Record and lease of a container that holds acme:0.
  void hold(const std::string& id, const Creator& creator) {
    const Record record = record_of(id, creator);
    records_.write(record);
    Lease lease{id, root_, creator.pid, creator.start_time, true, 1700000000, {}, 0};
    lease.devices = {{"acme:0", "acme:0", ""}};
    Ledger ledger(state_);
    ledger.add(lease);
    ledger.commit();
  }
  static Creator gone() {
    Creator out = this_process();
    ++out.start_time;  // the pid means another process now
    return out;
  }
  // What a start of container `id` has decided before it takes acme:0.
  Decision decision_of(const std::string& id, unsigned wait_seconds = 0) const {
    Decision out;
    out.backends = {test::backend("acme", {test::device("acme", "0")})};
    out.request = test::request_of({"XPU_VISIBLE_DEVICES=acme:0"}, out.backends, config_);
    out.request.wait_seconds = wait_seconds;
    out.situation.policy = policy_of(config_);
    out.situation.runtime_root = root_;
    out.situation.id = id;
    return out;
  }
  void take(const std::string& id, Decision& decision) const {
    const Asked asked;
    Bundle bundle(dir_ / "bundle", "");
    const Start start{config_, asked, decision.request, bundle, {root_, id}};
    take_devices(start, decision);
  }
  std::string refusal(const std::string& id, Decision& decision) const {
    return test::error_of([&] { take(id, decision); });
  }
  void finish_all() {
    records_.finish_dead([this](const Record& record, std::int64_t end, bool estimated) {
      end_account(config_, record, end, estimated);
    });
  }
  std::string journal() const {
    std::string out;
    for (const auto& entry : fs::directory_iterator(config_.usage_dir)) {
      out += test::slurp(entry.path());
    }
    return out;
  }

  test::TempDir dir_;
  std::string state_, root_;
  Records records_;
  Config config_;
};

// A container whose creator is somebody else and lives.
class Neighbour {
 public:
  Neighbour() : child_(::fork()) {
    if (child_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Neighbour() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  Creator creator() const { return {child_, 0, boot_id()}; }

 private:
  pid_t child_;
};

TEST_F(TakeTest, AnIdThatSomebodyTookMeanwhileIsRefused) {
  const Neighbour other;
  hold("c1", other.creator());
  for (const bool usable : {true, false}) {
    if (!usable) {  // then the list still says who is there
      fs::remove(state_ + "/leases.lock");
      fs::create_directory(state_ + "/leases.lock");
    }
    Decision decision = decision_of("c1");
    EXPECT_EQ(refusal("c1", decision), "container c1 exists already, or process " +
                                           std::to_string(other.creator().pid) +
                                           " is starting it; delete it first or use another id");
    ASSERT_THAT(look_at_leases(state_).leases(), SizeIs(1));
    EXPECT_EQ(look_at_leases(state_).leases()[0].pid, other.creator().pid);
  }
}

TEST_F(TakeTest, TheIdOfADeadContainerAndOnesOwnAreFree) {
  hold("c1", gone());
  for (int i = 0; i < 2; ++i) {
    Decision decision = decision_of("c1");
    EXPECT_EQ(refusal("c1", decision), "");
    EXPECT_THAT(decision.ended, SizeIs(i == 0 ? 1 : 0));
    EXPECT_EQ(look_at_leases(state_).leases().at(0).start_time, this_process().start_time);
  }
}

TEST_F(TakeTest, WhoWaitsDoesSoAllTheTimeAndTellsWhoIsGone) {
  hold("holder", this_process());
  hold("dead", gone());
  Decision decision = decision_of("c1", 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal("c1", decision), HasSubstr("held exclusively by container holder"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  ASSERT_THAT(decision.ended, SizeIs(1));
  EXPECT_EQ(decision.ended[0].id, "dead");
  EXPECT_THAT(look_at_leases(state_).waiters(), IsEmpty());
}

TEST_F(TakeTest, WhoWaitsQueuesAgainAfterTheListWasLost) {
  hold("holder", this_process());
  Decision decision = decision_of("c1", 1);
  std::vector<Waiter> waiters;
  testing::internal::CaptureStderr();
  std::thread elsewhere([&] {
    std::this_thread::sleep_for(300ms);
    fs::remove(state_ + "/leases");
    std::this_thread::sleep_for(300ms);
    waiters = look_at_leases(state_).waiters();
  });
  EXPECT_THAT(refusal("c1", decision), HasSubstr("(waited 1 s)"));
  elsewhere.join();
  ASSERT_THAT(waiters, SizeIs(1));
  EXPECT_EQ(waiters[0].id, "c1");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("waiting for up to 1 s"), said.rfind("waiting for up to 1 s"));
}

TEST_F(TakeTest, WhoWaitedDoesNotGoOnWithoutTheList) {
  hold("holder", this_process());
  Decision decision = decision_of("c1", 2);
  std::thread elsewhere([&] {
    std::this_thread::sleep_for(300ms);
    fs::remove(state_ + "/leases.lock");
    fs::create_directory(state_ + "/leases.lock");
  });
  EXPECT_THAT(refusal("c1", decision),
              StartsWith("the container waited for devices and cannot be noted as their holder: "
                         "cannot open " +
                         state_ + "/leases.lock"));
  elsewhere.join();
}

TEST_F(TakeTest, AnEndThatCannotBeWrittenIsWrittenLater) {
  records_.write(record_of("c1", gone()));
  dir_.write("usage", "a file where a folder is needed");
  testing::internal::CaptureStderr();
  finish_dead(config_, records_, {Lease{.id = "c1", .runtime_root = root_}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("what container c1 uses is not accounted for: "));
  EXPECT_FALSE(records_.find(root_, "c1"));
  fs::remove(dir_ / "usage");
  finish_all();
  EXPECT_THAT(journal(), HasSubstr("\"end\""));
  EXPECT_TRUE(fs::is_empty(state_ + "/containers"));
}

TEST_F(TakeTest, AllThatEndedAreAccountedFor) {
  std::vector<Lease> ended;
  for (int i = 0; i < 20; ++i) {
    ended.push_back({.id = "c" + std::to_string(i), .runtime_root = root_});
    records_.write(record_of(ended.back().id, gone()));
  }
  finish_dead(config_, records_, ended);
  EXPECT_TRUE(fs::is_empty(state_ + "/containers"));
}

TEST_F(TakeTest, ForgetsADeadNamesake) {
  hold("c1", gone());
  ASSERT_THAT(test::slurp(state_ + "/leases"), HasSubstr(" c1 "));
  forget_dead(config_, records_, {root_, "c1"});
  EXPECT_FALSE(records_.find(root_, "c1"));
  EXPECT_THAT(test::slurp(state_ + "/leases"), Not(HasSubstr(" c1 ")));
  EXPECT_THAT(journal(), HasSubstr("\"c1\""));
}

TEST_F(TakeTest, ForgetsNobodyWhoLives) {
  forget_dead(config_, records_, {root_, "nobody"});
  EXPECT_FALSE(fs::exists(state_));
  hold("c1", this_process());
  forget_dead(config_, records_, {root_, "c1"});
  EXPECT_TRUE(records_.find(root_, "c1"));
  EXPECT_THAT(look_at_leases(state_).leases(), SizeIs(1));
}

}  // namespace
}  // namespace xpu
