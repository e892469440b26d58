// SPDX-License-Identifier: MIT
// Readers, observers and deciders at once; for ThreadSanitizer above all.
#include "tests/inventory/fixture.hpp"

#include <atomic>
#include <thread>

namespace inventory {
namespace {

TEST_F(InventoryTest, ReadersObserversAndDecidersAtOnce) {
    const base::SystemClock clock;
    limits_.max_heard = 50;
    auto opened = Inventory::open(path(), limits_, clock);
    ASSERT_TRUE(opened) << opened.error().what;
    auto& shared = **opened;
    std::atomic<std::uint64_t> told = 0;
    shared.on_change([&](const std::vector<base::Mac>& macs) { told += macs.size(); });
    ASSERT_TRUE(shared.apply({extension("201"), Approve{mac(1)}}, "me"));

    constexpr int rounds = 25;
    std::atomic<int> round = 0;
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int reader = 0; reader < 2; ++reader) {
        threads.emplace_back([&] {
            while (!done) {
                const auto snapshot = shared.now();
                for (const auto* device : snapshot.devices()) {
                    wrong += snapshot.device(device->mac) == device ? 0 : 1;
                    const auto token = shared.steady_token(*device); // of the newest generation
                    wrong +=
                        snapshot.credential(token).has_value() == device->is_approved() ? 0 : 1;
                }
                wrong += snapshot.extension("201") != nullptr ? 0 : 1;
                std::this_thread::yield();
            }
        });
    }
    threads.emplace_back([&] {
        for (std::uint64_t number = 0; !done; ++number) {
            const auto who = mac(number % 150);
            shared.saw(who, at(static_cast<std::uint32_t>(number + 1)));
            shared.note(who, Step::heard, "10.0.0.1", std::to_string(number % 3));
            shared.reached(who, static_cast<Stage>(number % 5));
        }
    });
    threads.emplace_back([&] {
        // Once for each round: a std::mutex is not fair, and the deciders would wait for ever.
        for (int before = -1; !done; std::this_thread::yield()) {
            if (const int now = round; now != before) {
                before = now;
                wrong += shared.flush() ? 0 : 1;
                wrong += shared.timeline(mac(1)) ? 0 : 1;
                (void)shared.counters();
            }
        }
    });
    for (; round < rounds; ++round) {
        const auto who = mac(static_cast<std::uint64_t>(round));
        EXPECT_TRUE(shared.apply({Assign{who, {"201"}}}, "me"));
        const std::array<base::Mac, 2> macs = {who, mac(1)};
        EXPECT_TRUE(shared.mint_first_tokens(macs));
        EXPECT_TRUE(shared.apply({Block{who}}, "me"));
        if (who != mac(1)) {
            EXPECT_TRUE(shared.apply({Approve{mac(1)}, Rotate{mac(1)}}, "me"));
            const auto snapshot = shared.now();
            EXPECT_TRUE(shared.steady_used(mac(1), snapshot.device(mac(1))->generation));
        }
    }
    done = true;
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(told, 1U + 2U * rounds + (rounds - 1U));

    // What readers saw at the end is what the disk holds.
    ASSERT_TRUE(shared.flush());
    const auto before = shared.now();
    opened->reset();
    auto again = Inventory::open(path(), limits_, clock);
    ASSERT_TRUE(again) << again.error().what;
    const auto after = (*again)->now();
    const auto devices = before.devices();
    ASSERT_EQ(after.device_count(), devices.size());
    for (const auto* device : devices) {
        const auto* loaded = after.device(device->mac);
        ASSERT_NE(loaded, nullptr) << device->mac.str();
        EXPECT_EQ(loaded->approval, device->approval);
        EXPECT_EQ(loaded->lines, device->lines);
        EXPECT_EQ(loaded->seen.last, device->seen.last);
        EXPECT_EQ(loaded->seen.address, device->seen.address);
        EXPECT_EQ(loaded->seen.stage, device->seen.stage);
    }
}

} // namespace
} // namespace inventory
