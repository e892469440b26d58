// SPDX-License-Identifier: MIT
// Tests of what is kept of phones of the Workpoint Interface: whose, how much, and across a start.
#include "tests/inventory/workpoint_fixture.hpp"

#include "provisioning/inventory/packed_items.hpp"
#include "provisioning/inventory/sql/schema.hpp"

#include <atomic>
#include <set>
#include <thread>

#include <unistd.h>

namespace inventory {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

Workpoint full(std::uint64_t number) {
    Workpoint known;
    known.mac = mac(number);
    known.last_contact = 1'700'000'000'000;
    known.address = {0xc0a80011U}; // above INT32_MAX
    known.contact_me_uri = "http://192.168.0.17:8085/contact_dls.html/ContactDLS";
    known.e164 = "4210";
    known.last_poll = 1'700'000'001'000;
    known.reached = Reached::by_poll;
    known.contact_me_sent = 1'700'000'002'000;
    known.contact_me_failures = 4'000'000'000U;
    known.must_read_all = false;
    known.reported = {{{"e164"}, "4210"},
                      {{"key-label-unicode", 0}, "J\xc3\xb6rg\n\xff"},
                      {{"key-label-unicode", 1001}, ""}};
    known.written = {{{"line-sip-pwd", 2}, base::Digest256{0, 1, 2}}};
    known.refused = {{{"device-type"}, "read only"}};
    return known;
}

void expect_equal(const Workpoint& is, const Workpoint& wanted) {
    EXPECT_EQ(is.mac, wanted.mac);
    EXPECT_EQ(is.last_contact, wanted.last_contact);
    EXPECT_EQ(is.address, wanted.address);
    EXPECT_EQ(is.contact_me_uri, wanted.contact_me_uri);
    EXPECT_EQ(is.e164, wanted.e164);
    EXPECT_EQ(is.last_poll, wanted.last_poll);
    EXPECT_EQ(is.reached, wanted.reached);
    EXPECT_EQ(is.contact_me_sent, wanted.contact_me_sent);
    EXPECT_EQ(is.contact_me_failures, wanted.contact_me_failures);
    EXPECT_EQ(is.must_read_all, wanted.must_read_all);
    EXPECT_EQ(is.reported, wanted.reported);
    EXPECT_EQ(is.written, wanted.written);
    EXPECT_EQ(is.refused, wanted.refused);
}

class KnownPhone : public WorkpointTest {};

TEST_F(KnownPhone, ComesBackAsItWasAfterAStart) {
    approve(1);
    workpoints().update(mac(1), [](Workpoint& known) { known = full(1); });
    for (int round = 0; round < 2; ++round) {
        ASSERT_NE(workpoints().find(mac(1)), nullptr);
        expect_equal(*workpoints().find(mac(1)), full(1));
        flush_and_reopen();
    }
}

TEST_F(KnownPhone, WithoutAFlushAChangeOfOneFieldLeavesTheItemsOnTheDiskAlone) {
    approve(1);
    workpoints().update(mac(1), [](Workpoint& known) { known = full(1); });
    flush();
    workpoints().update(mac(1), [](Workpoint& known) { known.last_poll = 9; });
    flush_and_reopen();
    EXPECT_EQ(workpoints().find(mac(1))->last_poll, 9);
    EXPECT_EQ(workpoints().find(mac(1))->reported, full(1).reported);
    workpoints().update(mac(1), [](Workpoint& known) { known.refused.clear(); });
    flush_and_reopen();
    EXPECT_TRUE(workpoints().find(mac(1))->refused.empty());
    EXPECT_EQ(workpoints().find(mac(1))->reported, full(1).reported);
}

TEST_F(KnownPhone, IsOfAnApprovedDeviceOnly) {
    inventory().saw(mac(1), at(1));
    apply({Block{mac(2)}});
    for (std::uint64_t phone = 1; phone <= 3; ++phone) {
        bool is_called = false;
        workpoints().update(mac(phone), [&](Workpoint&) { is_called = true; });
        EXPECT_FALSE(is_called);
        EXPECT_EQ(workpoints().find(mac(phone)), nullptr);
    }
    EXPECT_TRUE(workpoints().all().empty());
    approve(2);
    report(2, {{{"e164"}, "201"}});
    approve(1);
    report(1, {});
    const auto all = workpoints().all();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]->mac, mac(1));
    EXPECT_EQ(all[1]->mac, mac(2));
    EXPECT_TRUE(all[0]->must_read_all);
}

TEST_F(KnownPhone, OfABlockedDeviceIsForgottenAtOnceAndOnTheDisk) {
    approve(1);
    approve(2);
    report(1, {{{"e164"}, "201"}});
    report(2, {{{"e164"}, "202"}});
    flush();
    report(1, {{{"e164"}, "203"}}); // not on disk yet
    apply({Block{mac(1)}});
    EXPECT_EQ(workpoints().find(mac(1)), nullptr);
    flush();
    approve(1);
    EXPECT_EQ(workpoints().find(mac(1)), nullptr);
    flush_and_reopen();
    EXPECT_EQ(workpoints().find(mac(1)), nullptr);
    ASSERT_NE(workpoints().find(mac(2)), nullptr);
    EXPECT_EQ(count("workpoint_items"), 1);
}

TEST_F(KnownPhone, ThatLosesItsLinesKeepsWhatIsKnownOfIt) {
    apply({extension("201"), Assign{mac(1), {"201"}}});
    workpoints().update(mac(1), [](Workpoint& known) { known = full(1); });
    apply({Unassign{mac(1)}});
    flush_and_reopen();
    ASSERT_NE(workpoints().find(mac(1)), nullptr);
    EXPECT_EQ(workpoints().find(mac(1))->written, full(1).written);
}

TEST_F(KnownPhone, ReadersKeepWhatTheyTook) {
    approve(1);
    report(1, {{{"e164"}, "201"}});
    const auto taken = workpoints().find(mac(1));
    report(1, {{{"e164"}, "202"}});
    EXPECT_EQ(taken->reported.begin()->second, "201");
}

TEST_F(KnownPhone, KeepsNoItemThatReadsLikeASecret) {
    approve(1);
    report(1, {{{"user-pwd"}, "hush"},
               {{"user-pwd-unicode"}, "hush"},
               {{"SSH-Password"}, "hush"},
               {{"line-sip-pwd", 1}, "hush"},
               {{"secure-mode-data"}, "hush"},
               {{"bootstrapping-tan"}, "hush"},
               {{"cloud-pin-value"}, "hush"},
               {{"dls-client-certificate"}, "hush"},
               {{"max-pin-retries"}, "3"},
               {{"sip-user-id"}, "201"}});
    EXPECT_THAT(
        workpoints().find(mac(1))->reported,
        ElementsAre(Pair(ItemKey{"max-pin-retries"}, "3"), Pair(ItemKey{"sip-user-id"}, "201")));
    flush();
    inventory_.reset();
    EXPECT_THAT(bytes_of(path()) + bytes_of(path() + "-wal"), Not(HasSubstr("hush")));
    EXPECT_THAT(logged_, Not(Contains(HasSubstr("not kept"))));
}

TEST_F(KnownPhone, TakesTheWordOfTheItemTableForWhatASecretIs) {
    workpoints().secret_items([](std::string_view name) { return name == "e164"; });
    approve(1);
    report(1, {{{"e164"}, "201"}, {{"min-admin-passw-length"}, "6"}});
    EXPECT_THAT(workpoints().find(mac(1))->reported,
                ElementsAre(Key(ItemKey{"min-admin-passw-length"})));
}

TEST_F(KnownPhone, KeepsTheFirstTenThousandItemsAndOneMegabyteAndSaysSoOnce) {
    approve(1);
    std::map<ItemKey, std::string> many;
    for (int index = 0; index < 12'000; ++index) {
        many[{"key-label", index}] = "x";
    }
    report(1, many);
    EXPECT_EQ(workpoints().find(mac(1))->reported.size(), 10'000U);
    EXPECT_EQ(workpoints().find(mac(1))->reported.count({"key-label", 9'999}), 1U);
    std::map<ItemKey, std::string> large;
    for (int index = 0; index < 12; ++index) {
        large[{"logo", index}] = std::string(100'000, 'x');
    }
    report(1, large);
    EXPECT_EQ(workpoints().find(mac(1))->reported.size(), 10U);
    EXPECT_THAT(logged_, Contains(HasSubstr("2000 of the items that " + mac(1).str())).Times(1));
    EXPECT_THAT(logged_, Contains(HasSubstr("are not kept")).Times(1));
}

TEST_F(KnownPhone, LeavesOutItemsAndWordsThatNoPhoneHas) {
    approve(1);
    workpoints().update(mac(1), [](Workpoint& known) {
        known.contact_me_uri = std::string(256, 'h');
        known.e164 = std::string(65, '1');
        known.reported = {{{""}, "x"},
                          {{std::string(129, 'n')}, "x"},
                          {{std::string("a\0b", 3)}, "x"},
                          {{"low", -2}, "x"},
                          {{"large"}, std::string((256U << 10U) + 1, 'x')},
                          {{"fits"}, std::string(256U << 10U, 'x')}};
        known.refused = {{{"long"}, std::string(65, 's')}, {{"short"}, "failed"}};
        for (int index = 0; index < 1100; ++index) {
            known.written[{"sip-pwd", index}] = {};
        }
    });
    const auto known = workpoints().find(mac(1));
    EXPECT_EQ(known->contact_me_uri, "");
    EXPECT_EQ(known->e164, "");
    EXPECT_THAT(known->reported, ElementsAre(Key(ItemKey{"fits"})));
    EXPECT_THAT(known->refused, ElementsAre(Key(ItemKey{"short"})));
    EXPECT_EQ(known->written.size(), 1000U);
}

TEST_F(KnownPhone, NobodyCanTurnIntoAnother) {
    approve(1);
    workpoints().update(mac(1), [](Workpoint& known) { known.mac = mac(2); });
    EXPECT_EQ(workpoints().find(mac(1))->mac, mac(1));
    EXPECT_EQ(workpoints().find(mac(2)), nullptr);
}

TEST_F(KnownPhone, IsWrittenWhenTheDiskHasRoomAgain) {
    approve(1);
    report(1, {{{"e164"}, "201"}});
    {
        auto other = sql::Connection::open(path());
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->run("alter table workpoint_items rename to away"));
        EXPECT_FALSE(inventory().flush());
        ASSERT_TRUE(other->run("alter table away rename to workpoint_items"));
    }
    flush_and_reopen();
    ASSERT_NE(workpoints().find(mac(1)), nullptr);
    EXPECT_EQ(workpoints().find(mac(1))->reported.size(), 1U);
}

TEST_F(KnownPhone, WhoseDeviceAnotherProgramDeletedStopsNobody) {
    approve(1);
    approve(2);
    report(1, {{{"e164"}, "201"}});
    report(2, {{{"e164"}, "202"}});
    {
        auto other = sql::Connection::open(path());
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->run("pragma foreign_keys = on; delete from device"));
    }
    EXPECT_TRUE(inventory().flush());
}

TEST_F(KnownPhone, DamagedRowsAreLeftOutWithOneLineAndTheOthersStay) {
    for (std::uint64_t phone = 1; phone <= 8; ++phone) {
        approve(phone);
        workpoints().update(mac(phone), [&](Workpoint& known) { known = full(phone); });
    }
    flush();
    const auto where = [](std::uint64_t phone) {
        return fmt::format(" where mac = {};", mac(phone).number());
    };
    run_sql("update workpoint_items set reported = x'00ff'" + where(1) +
            "update workpoint_items set written = cast('a' as blob)" + where(2) +
            "update workpoint_items set refused = substr(refused, 1, length(refused) - 1)" +
            where(3) + "update workpoint set reached = 3" + where(4) +
            "update workpoint set contact_me_failures = -1" + where(5) +
            "update workpoint set address = 4294967296" + where(6) + "delete from workpoint_items" +
            where(7));
    logged_.clear();
    reopen();
    for (std::uint64_t phone = 1; phone <= 7; ++phone) {
        EXPECT_EQ(workpoints().find(mac(phone)), nullptr) << phone;
    }
    ASSERT_NE(workpoints().find(mac(8)), nullptr);
    EXPECT_THAT(logged_, Contains(HasSubstr("what 7 phones reported is damaged")).Times(1));
    EXPECT_THAT(logged_, Contains(HasSubstr(mac(1).str())));
    report(1, {{{"e164"}, "201"}});
    logged_.clear();
    flush_and_reopen();
    EXPECT_EQ(workpoints().find(mac(1))->reported.size(), 1U);
    EXPECT_THAT(logged_, Contains(HasSubstr("what 6 phones")));
}

TEST_F(KnownPhone, TenThousandAreThereAfterAStart) {
    std::vector<Change> approvals;
    for (std::uint64_t phone = 1; phone <= 10'000; ++phone) {
        approvals.emplace_back(Approve{mac(phone)});
    }
    apply(approvals);
    std::map<ItemKey, std::string> items;
    for (int index = 0; index < 30; ++index) {
        items[{"key-label-unicode", index}] = "Label of key";
    }
    for (std::uint64_t phone = 1; phone <= 10'000; ++phone) {
        report(phone, items);
    }
    const auto began = std::chrono::steady_clock::now();
    flush();
    const auto flushed = std::chrono::steady_clock::now();
    inventory_.reset();
    const auto closed = std::chrono::steady_clock::now();
    reopen();
    const auto opened = std::chrono::steady_clock::now();
    const auto ms = [](auto span) {
        return static_cast<int>(
            std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
    };
    RecordProperty("flush_ms", ms(flushed - began));
    RecordProperty("open_ms", ms(opened - closed));
    EXPECT_EQ(workpoints().all().size(), 10'000U);
    EXPECT_EQ(workpoints().find(mac(10'000))->reported, items);
}

TEST_F(KnownPhone, ADatabaseOfTheStepBeforeGoesOnWithItsRows) {
    auto steps = sql::schema_steps();
    ASSERT_GE(steps.size(), 4U);
    steps.resize(3);
    {
        auto connection = sql::Connection::open(path());
        ASSERT_TRUE(connection);
        ASSERT_TRUE(sql::bring_up_to_date(*connection, steps));
        const auto filled = connection->run(
            fmt::format("insert into device (mac, approval, generation, decided, first_seen) "
                        "values ({0}, 1, 2, 5, 7), ({1}, 2, 1, 5, 7);"
                        "insert into line values ({0}, 1, '201');"
                        "insert into enrolment values (3, {2}, '', '', {0});",
                        mac(1).number(), mac(2).number(), clock_.unix_ms() + 60'000));
        ASSERT_TRUE(filled) << filled.error().what;
    }
    ASSERT_NE(device(mac(1)), nullptr);
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
    EXPECT_TRUE(workpoints().all().empty());
    EXPECT_TRUE(workpoints().jobs().empty());
    report(1, {{{"e164"}, "201"}});
    EXPECT_EQ(add(restart(1)), 1);
    EXPECT_TRUE(workpoints().spend_window(mac(1), 3));
    flush_and_reopen();
    EXPECT_NE(workpoints().find(mac(1)), nullptr);
    EXPECT_EQ(workpoints().jobs().size(), 1U);
    EXPECT_TRUE(workpoints().is_window_spent(mac(1), 3));
}

TEST_F(KnownPhone, HashesOfWrittenValuesAreOfOnePhoneOneItemAndOneInstallation) {
    const auto hash = [&](std::uint64_t phone, const ItemKey& item, std::string_view value) {
        return base::hex(workpoints().written_hash(mac(phone), item, value));
    };
    const auto one = hash(1, {"line-sip-pwd", 1}, "secret");
    EXPECT_EQ(hash(1, {"line-sip-pwd", 1}, "secret"), one);
    const std::set<std::string> others = {
        hash(1, {"line-sip-pwd", 1}, "secret2"), hash(1, {"line-sip-pwd", 1}, ""),
        hash(1, {"line-sip-pwd", 2}, "secret"),  hash(1, {"line-sip-pwd", 11}, "secret"),
        hash(1, {"line-sip-pwd"}, "secret"),     hash(1, {"sip-pwd", 1}, "secret"),
        hash(2, {"line-sip-pwd", 1}, "secret"),  one};
    EXPECT_EQ(others.size(), 8U);
    reopen();
    EXPECT_EQ(hash(1, {"line-sip-pwd", 1}, "secret"), one);
    inventory_.reset();
    std::filesystem::remove(path());
    std::filesystem::remove(folder_ + "/pnp.key");
    EXPECT_NE(hash(1, {"line-sip-pwd", 1}, "secret"), one) << "another key";
}

TEST_F(KnownPhone, ReadersObserversAndDecidersAtOnce) {
    approve(1);
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        while (!done) {
            for (const auto& known : workpoints().all()) {
                wrong += known->reported.size() == known->contact_me_failures ? 0 : 1;
            }
            (void)workpoints().has_work(mac(1));
            (void)workpoints().jobs();
            std::this_thread::yield();
        }
    });
    for (int observer = 0; observer < 2; ++observer) {
        threads.emplace_back([&, observer] {
            for (int number = 0; !done; ++number) {
                workpoints().update(mac(1), [&](Workpoint& known) {
                    known.reported[{"key-label", 2 * (number % 50) + observer}] = "x";
                    known.contact_me_failures = static_cast<std::uint32_t>(known.reported.size());
                });
                if (number % 10 == 0) {
                    std::this_thread::yield();
                }
            }
        });
    }
    threads.emplace_back([&] {
        while (!done) {
            wrong += inventory().flush() ? 0 : 1;
            ::usleep(1000);
        }
    });
    for (int round = 0; round < 20; ++round) {
        const auto id = add(write(1, {{{"e164"}, std::to_string(round)}}));
        EXPECT_TRUE(workpoints().update_job(id, [](Job& job) { job.state = JobState::sent; }));
        apply({Block{mac(1)}, Approve{mac(1)}});
        EXPECT_EQ(state_of(id), JobState::given_up);
        approve(1);
    }
    done = true;
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, 0);
    const auto before = workpoints().find(mac(1));
    flush_and_reopen();
    if (before) {
        ASSERT_NE(workpoints().find(mac(1)), nullptr);
        EXPECT_EQ(workpoints().find(mac(1))->reported, before->reported);
    }
}

TEST(PackedItems, ComeBackByteForByte) {
    const std::map<ItemKey, std::string> items = {{{"a"}, ""},
                                                  {{"a", 0}, std::string("\0\0", 2)},
                                                  {{"a", 2147483647}, "7"},
                                                  {{"b c", 1}, "é"}};
    EXPECT_EQ(unpack(pack(items)), items);
    const std::map<ItemKey, base::Digest256> digests = {{{"a"}, {}}, {{"b"}, {9, 0, 9}}};
    EXPECT_EQ(unpack_digests(pack(digests)), digests);
    EXPECT_EQ(unpack(""), (std::map<ItemKey, std::string>()));
}

TEST(PackedItems, AreRefusedWhenTheyAreCutOrChanged) {
    const auto packed = pack(std::map<ItemKey, std::string>{{{"a"}, "xy"}, {{"b", 3}, "z"}});
    const std::string first = packed.substr(0, packed.find('b'));
    for (std::size_t size = 1; size < packed.size(); ++size) {
        EXPECT_EQ(unpack(packed.substr(0, size)).has_value(), size == first.size()) << size;
    }
    EXPECT_FALSE(unpack(packed + packed)) << "twice the same item";
    using namespace std::string_literals;
    for (const auto& damaged : {"\0-1\0001\0x"s, "a\0-2\0001\0x"s, "a\0002147483648\0001\0x"s,
                                "a\0x\0001\0x"s, "a\0001\00099999999999999999999\0x"s}) {
        EXPECT_FALSE(unpack(damaged));
    }
    EXPECT_FALSE(unpack_digests(packed)) << "no digests";
}

} // namespace
} // namespace inventory
