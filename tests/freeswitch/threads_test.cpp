// SPDX-License-Identifier: MIT
// mod_pnp.so goes and comes while FreeSWITCH's threads call it.
#include "freeswitch/site.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace {

using fake::Loaded;
using ::testing::HasSubstr;

/// Calls until it goes, with a pause: a lock that many hold in turn is never had by whoever waits
/// for all of them, in FreeSWITCH neither.
class Caller {
  public:
    template <class Call> explicit Caller(Call call) {
        thread_ = std::thread([this, call] {
            while (!ends_) {
                call();
                std::this_thread::sleep_for(std::chrono::microseconds(200));
            }
        });
    }

    ~Caller() {
        ends_ = true;
        thread_.join();
    }

    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

  private:
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

TEST(ModPnpThreads, ItGoesWhileItIsCalled) {
    Loaded loaded;
    loaded.give("201");
    std::atomic<int> found = 0;
    std::atomic<int> said = 0;
    std::atomic<int> told = 0;
    {
        const Caller looks([&] {
            found += loaded.host.user("201", fake::domain).has_value();
            found += loaded.host.call("201", "pnp-extensions").has_value();
        });
        const Caller commands(
            [&] { said += loaded.host.pnp("show extensions").find("201") != std::string::npos; });
        const Caller registrations([&] {
            loaded.host.event("sofia::register", Loaded::of_registration("201", "call-1"));
            loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-1"));
            ++told;
        });
        const Caller others([&] {
            loaded.host.reloadxml(loaded.site.document());
            loaded.host.user("1000", fake::domain);
        });
        for (int round = 0; round < 3; ++round) {
            found = 0;
            said = 0;
            told = 0;
            EXPECT_TRUE(fake::becomes_so([&] { return found > 1 && said > 1 && told > 1; }));
            if (round % 2 == 0) {
                ASSERT_EQ(loaded.host.unload_by_force(), 0);
            } else {
                int status = fake::Host::in_use;
                EXPECT_TRUE(fake::becomes_so([&] {
                    status = loaded.host.unload();
                    return status != fake::Host::in_use;
                }));
                ASSERT_EQ(status, 0);
            }
            EXPECT_EQ(loaded.host.live_bindings(), 0U);
            EXPECT_FALSE(loaded.host.user("201", fake::domain));
            ASSERT_EQ(loaded.host.load(MOD_PNP), 0);
        }
    }
    EXPECT_THAT(loaded.host.pnp("show extensions"), HasSubstr("201"));
    EXPECT_EQ(loaded.host.unload(), 0);
    EXPECT_EQ(loaded.host.live_documents(), 0U);
}

/// `unload -f` gives up waiting for a command; what it uses is there until it ends.
TEST(ModPnpThreads, ACommandEndsBeforeWhatItUsesGoes) {
    Loaded loaded;
    std::string said;
    std::thread command([&] { said = loaded.host.pnp("probe"); });
    EXPECT_TRUE(fake::becomes_so([&] { return loaded.host.commands() > 0; }));
    EXPECT_EQ(loaded.host.unload(), fake::Host::in_use) << "it is told of nothing";
    EXPECT_EQ(loaded.host.unload_by_force(std::chrono::seconds(0)), 0);
    command.join();
    EXPECT_THAT(said, HasSubstr("Nobody else answers phones here."));
}

} // namespace
