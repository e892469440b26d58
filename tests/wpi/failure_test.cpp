// SPDX-License-Identifier: MIT
// What goes wrong between phone and service, and what comes of it: FA to FH; FF, a contact-me that
// fails, is tested where those are sent.
#include "office.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <sys/resource.h>

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

class WpiFailure : public Office {};

/// No file grows while it is there, as on a disk that is full.
class FullDisk {
  public:
    FullDisk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }

    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
};

TEST_F(WpiFailure, FAItemErrorsAreKeptAndTheJobIsDoneWithErrors) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"no-such-item"}, "1"},
                                             {ItemKey{"key-label-unicode", 99}, "x"},
                                             {ItemKey{"device-type"}, "y"},
                                             {ItemKey{"ringer-melody"}, "4"}});
    auto it = phone();
    EXPECT_EQ(it.call("solicited").action, "WriteItems");
    auto reply = it.reply("WriteItems", item("no-such-item", "", "", "unknown item") +
                                            item("key-label-unicode", "", "99", "failed") +
                                            item("device-type", "", "", "read only"));
    for (int more = 0; more < 4 && reply.action == "WriteItems"; ++more) {
        reply = it.reply("WriteItems", item("no-such-item", "", "", "unknown item") +
                                           item("key-label-unicode", "", "99", "failed") +
                                           item("device-type", "", "", "read only"));
    }
    EXPECT_TRUE(reply.is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done_with_errors);
    EXPECT_EQ(known()->refused.at(ItemKey{"no-such-item"}), "unknown item");
    EXPECT_EQ(known()->refused.at(ItemKey{"device-type"}), "read only");
    EXPECT_EQ(reported("ringer-melody"), "4");
    EXPECT_THAT(steps(), Contains(StartsWith("items_refused: ")));
}

TEST_F(WpiFailure, FAAValueThatWasRefusedIsNotPending) {
    configure();
    wanted[8].value = "Too long a label";
    auto it = phone();
    it.call("solicited");
    it.reply("WriteItems", item("key-label-unicode", "", "1", "invalid data"));
    EXPECT_FALSE(service->wants_contact(phone_mac)) << "it would be refused again";
    wanted[8].value = "Shorter";
    EXPECT_TRUE(service->wants_contact(phone_mac)) << "another value may be taken";
    wanted[8].value = "Too long a label";
    auto again = phone();
    EXPECT_THAT(again.start_up().items, Contains(Pair("key-label-unicode 1", "Too long a label")))
        << "once more at each start";
}

/// What the name of the poll interval's item is nobody could tell.
TEST_F(WpiFailure, FAAnItemThatThePhoneDoesNotKnowIsOfferedOnce) {
    wanted.push_back({"dcmp-poll-interval", std::nullopt, "5"});
    auto it = phone();
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems");
    const auto unknown = item("dcmp-poll-interval", "", "", "unknown item");
    EXPECT_THAT(it.reply("ReadAllItems", item("ringer-melody", "2")).items,
                Contains(Pair("dcmp-poll-interval", "5")));
    EXPECT_TRUE(it.reply("WriteItems", unknown).is_clean_up());
    EXPECT_THAT(ends, ElementsAre(wpi::Ending::all_done));
    EXPECT_THAT(steps(), Contains("items_refused: dcmp-poll-interval: unknown item"));
    EXPECT_THAT(steps(), Contains(StartsWith("configured: ")));
    EXPECT_THAT(logged, Contains(HasSubstr("does not take dcmp-poll-interval (unknown item): it "
                                           "will not poll as it should")));
    EXPECT_EQ(known()->refused.at(ItemKey{"dcmp-poll-interval"}), "unknown item");
    EXPECT_FALSE(service->wants_contact(phone_mac));
    auto again = phone();
    EXPECT_THAT(again.start_up().items, ElementsAre(Pair("dcmp-url", testing::_)));
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    EXPECT_EQ(known()->refused.at(ItemKey{"dcmp-poll-interval"}), "unknown item");
    auto newer = phone();
    newer.firmware = "V3 R6.0.0";
    EXPECT_EQ(newer.start_up().action, "ReadAllItems");
    EXPECT_THAT(newer.reply("ReadAllItems", all_items()).items,
                Contains(Pair("dcmp-poll-interval", "5")))
        << "another firmware may know it";
}

TEST_F(WpiFailure, FBBusyPhoneRemembersToCallAndTheJobWaits) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    const auto end = it.reply("WriteItems", "", "busy");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_THAT(end.items, ElementsAre(Pair("send-solicited", "true")));
    EXPECT_EQ(job(id).state, JobState::waiting);
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto idle = phone();
    EXPECT_THAT(idle.call("solicited").items, ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(idle.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_EQ(job(id).attempts, 1U) << "since it was busy";
}

TEST_F(WpiFailure, FBAPhoneThatIsBusyAgainIsToldAgainAndTheJobWaits) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    for (unsigned call = 1; call <= 7; ++call) { // more often than a silent phone is tried
        auto it = phone();
        EXPECT_EQ(it.call("solicited").action, "WriteItems") << call;
        const auto end = it.reply("WriteItems", "", call % 2 == 0 ? "Busy" : "busy");
        EXPECT_TRUE(end.is_clean_up()) << call;
        EXPECT_THAT(end.items, ElementsAre(Pair("send-solicited", "true"))) << call;
        EXPECT_EQ(job(id).state, JobState::waiting) << call;
        EXPECT_EQ(job(id).attempts, 0U) << "it was not silent";
        clock.advance(std::chrono::minutes(10));
    }
    auto idle = phone();
    EXPECT_THAT(idle.call("solicited").items, ElementsAre(Pair("ringer-melody", "3")));
    const auto end = idle.reply("WriteItems");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_THAT(end.items, IsEmpty()) << "nothing is left to call for";
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiFailure, FBBusyPhoneOfOldOrUnknownFirmwareIsNotToldToCall) {
    for (const std::string firmware : {"V3 R2.0.0", "V2 R2.30.0", "", "odd"}) {
        configure();
        const auto has = all_items();
        wanted[8].value += "!";
        auto it = phone();
        it.firmware = firmware;
        auto reply = it.call("solicited");
        if (reply.action == "ReadAllItems") {
            reply = it.reply("ReadAllItems", has);
        }
        const auto end = it.reply("WriteItems", "", "busy");
        EXPECT_TRUE(end.is_clean_up()) << firmware;
        EXPECT_THAT(end.items, IsEmpty()) << firmware;
        EXPECT_TRUE(service->wants_contact(phone_mac)) << firmware;
    }
}

TEST_F(WpiFailure, FBAJobOfAPhoneThatIsBusyForADayIsGivenUp) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    clock.advance(std::chrono::hours(72)); // it was off
    const auto is_busy = [&] {
        auto it = phone();
        it.call("solicited");
        it.reply("WriteItems", "", "busy");
    };
    is_busy();
    EXPECT_EQ(job(id).state, JobState::waiting) << "nothing was tried before";
    ASSERT_TRUE(store->flush());
    reopen();
    serve();
    clock.advance(std::chrono::hours(23));
    is_busy();
    EXPECT_EQ(job(id).state, JobState::waiting);
    clock.advance(std::chrono::hours(1));
    is_busy();
    EXPECT_EQ(job(id).state, JobState::given_up);
    EXPECT_THAT(steps(), Contains(HasSubstr("busy each time")));
}

TEST_F(WpiFailure, FBAPhoneThatWasBusyOftenIsNotOneThatDoesNotAnswer) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    for (int call = 0; call < 6; ++call) {
        auto it = phone();
        it.call("solicited");
        it.reply("WriteItems", "", "busy");
        clock.advance(std::chrono::minutes(5));
    }
    phone().call("solicited"); // and is silent this once
    clock.advance(std::chrono::seconds(121));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::waiting) << job(id).result;
}

TEST_F(WpiFailure, FBFailedEndsTheJobWithoutAnotherTry) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    EXPECT_TRUE(it.reply("WriteItems", "", "failed").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiFailure, FCThePhoneGivesUpAndTheJobFailsWithItsWords) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    const auto end = it.post(
        envelope(it.nonce(), "clean-up", item("cleanup-reason", "password retries exceeded")));
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(end.nonce, it.last_nonce);
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_THAT(job(id).result, HasSubstr("password retries exceeded"));
    EXPECT_THAT(steps(), Contains("call_failed: password retries exceeded"));
    EXPECT_EQ(service->counters().open, 0U);
}

TEST_F(WpiFailure, FDAnUnknownPhoneIsHeardAndCleanedUp) {
    Phone it{*this, *Mac::parse("001ae8aaaaaa"), other_address};
    const auto end = it.start_up(true, "");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(end.set_cookie, "");
    EXPECT_THAT(end.items, IsEmpty());
    const auto snapshot = store->now();
    const auto* device = snapshot.device(it.mac);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->state(), "pending");
    EXPECT_EQ(device->seen.model, "OpenStage 40");
    EXPECT_EQ(known(it.mac), nullptr);
    EXPECT_EQ(service->counters().unknown, 1U);
    EXPECT_THAT(called, IsEmpty());
}

TEST_F(WpiFailure, FDABlockedPhoneIsCleanedUpAlsoInTheMiddle) {
    auto it = phone();
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems");
    apply({inventory::Block{phone_mac}});
    EXPECT_TRUE(it.reply("ReadAllItems", item("e164", "")).is_clean_up());
    EXPECT_TRUE(phone().start_up(true, "").is_clean_up());
}

TEST_F(WpiFailure, FDWithADatabaseThatTakesNothingNothingIsSentAndNothingIsLost) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    {
        const FullDisk full;
        auto it = phone();
        const auto end = it.call("solicited");
        EXPECT_TRUE(end.is_clean_up()) << "nobody would know that it was sent";
        EXPECT_EQ(end.nonce, it.last_nonce);
    }
    EXPECT_EQ(job(id).state, JobState::waiting);
    EXPECT_EQ(service->counters().open, 0U);
    auto it = phone();
    EXPECT_THAT(it.call("solicited").items, ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiFailure, FDAWindowThatCannotBeMarkedSpentGivesNoSecret) {
    with.gate.allow = {*base::Network::parse("192.0.2.0/24")};
    settings();
    enrol();
    auto it = behind_nat();
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems");
    {
        const FullDisk full;
        const auto write = it.reply("ReadAllItems", item("reg-addr"));
        EXPECT_EQ(write.action, "WriteItems");
        EXPECT_EQ(write.items.count("sip-pwd"), 0U);
    }
    EXPECT_THAT(it.reply("WriteItems").items, ElementsAre(Pair("sip-pwd", sip_password)))
        << "the window is as good as before";
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
}

TEST_F(WpiFailure, FDWithoutAMacAPhoneIsKnownByItsNumberWhereTheNeighbourTableShowsIt) {
    const auto call = [&](Phone it, const std::string& mac, const std::string& number) {
        return it.post(envelope(it.nonce(), "start-up",
                                mac + item("device-type", "OpenStage 40") + item("e164", number)));
    };
    for (const auto& mac : {std::string(), item("mac-addr", "soft phone of Anna")}) {
        EXPECT_EQ(call(phone(), mac, "4210").action, "ReadAllItems");
        EXPECT_TRUE(call(phone(), mac, "4211").is_clean_up()) << "another number";
        EXPECT_TRUE(call(phone(), mac, "").is_clean_up());
        EXPECT_TRUE(call(Phone{*this, other_mac, other_address}, mac, "4210").is_clean_up());
        with.gate.allow = {*base::Network::parse("192.0.2.0/24")};
        settings();
        enrol();
        EXPECT_TRUE(call(behind_nat(), mac, "4210").is_clean_up())
            << "a number is no secret: where no table shows the phone it opens nothing";
    }
    EXPECT_EQ(service->counters().secrets_sent, 0U);
}

TEST_F(WpiFailure, FDAPasswordThatOldFirmwareWouldReadWronglyIsToldAndNotWritten) {
    with.escape = wpi::Escape::legacy;
    settings();
    wanted[2].value = "a&b<c";
    auto it = phone();
    it.start_up(true, "");
    EXPECT_TRUE(it.reply("ReadAllItems", item("reg-addr")).is_clean_up());
    EXPECT_THAT(steps(),
                Contains(testing::AllOf(HasSubstr("sip-pwd"), HasSubstr("wpi_legacy_escape"),
                                        testing::Not(HasSubstr("a&b")))));
    EXPECT_FALSE(service->wants_contact(phone_mac));
    wanted[2].value = sip_password;
    wanted[8].value = "Sales & <Service>";
    auto again = phone();
    again.start_up(true, "");
    const auto write = again.reply("ReadAllItems", item("reg-addr"));
    EXPECT_THAT(write.text, HasSubstr(">Sales + Service</Item>"));
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    auto next = phone();
    next.start_up(true);
    auto wants = wanted;
    wanted[8].value = "Sales + Service";
    const auto has = all_items();
    wanted.swap(wants);
    EXPECT_THAT(next.reply("ReadAllItems", has).items, ElementsAre(Pair("dcmp-url", testing::_)))
        << "it is what was written, and not written again and again";
}

TEST_F(WpiFailure, FDOverloadIsSaid) {
    wpi::SessionLimits limits;
    limits.in_all = 1;
    serve(limits);
    apply({inventory::Approve{other_mac}});
    EXPECT_EQ(phone().start_up(true, "").action, "ReadAllItems");
    Phone it{*this, other_mac, other_address};
    const auto end = it.start_up(true, "");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_THAT(end.items, ElementsAre(Pair("cleanup-reason", "overload")));
    clock.advance(std::chrono::seconds(121));
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems") << "the other one fell silent";
}

TEST_F(WpiFailure, FDItemsThatCannotBeMadeAreCleanedUpAndTold) {
    broken = "the PBX has no 4210";
    auto it = phone();
    it.start_up(true, "");
    EXPECT_TRUE(it.reply("ReadAllItems", item("e164", "")).is_clean_up());
    EXPECT_THAT(steps(), Contains("file_refused: its items cannot be made: the PBX has no 4210"));
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiFailure, FEMalformedXmlAndNoNonceGetAnEmpty400) {
    auto it = phone();
    for (const auto& text :
         {std::string("no xml"), std::string(), std::string("<WorkpointMessage><Message"),
          std::string("<WorkpointMessage><Message><ReasonForContact>start-up</ReasonForContact>"
                      "</Message></WorkpointMessage>"),
          std::string("<Other><Message nonce=\"1\"/></Other>"),
          envelope("not a nonce!", "start-up", "")}) {
        const auto answer = it.post(text);
        EXPECT_EQ(answer.status, 400) << text;
        EXPECT_EQ(answer.response.body, nullptr) << text;
    }
    EXPECT_EQ(service->counters().malformed, 6U);
    const auto before = logged.size();
    for (int more = 0; more < 100; ++more) {
        it.post("no xml");
    }
    EXPECT_LT(logged.size() - before, 10U) << "nobody fills our log";
}

TEST_F(WpiFailure, FEOtherPathsAndMethodsAreRefused) {
    serve::Request request;
    request.peer = {phone_address, 40000};
    request.local = {our_address, 18443};
    auto it = phone();
    request.body = envelope(it.nonce(), "start-up", it.basic());
    for (const auto* method : {"GET", "HEAD", "PUT"}) {
        request.method = method;
        request.path = "/DeploymentService/LoginService";
        const auto answer = service->answer(request);
        EXPECT_EQ(answer.status, 405) << method;
        EXPECT_THAT(answer.fields, Contains(Pair("Allow", "POST"))) << method;
    }
    request.method = "POST";
    for (const auto* path : {"/", "/DeploymentService", "/LoginService", "/dcmp/contact-me"}) {
        request.path = path;
        EXPECT_EQ(service->answer(request).status, 404) << path;
    }
    request.path = "/DeploymentService/any/other";
    EXPECT_EQ(service->answer(request).status, 200);
}

TEST_F(WpiFailure, FHAReplyWithoutASessionIsCleanedUp) {
    auto it = phone();
    const auto end = it.reply("WriteItems");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(end.nonce, it.last_nonce);
    EXPECT_EQ(service->counters().lost, 1U);
}

TEST_F(WpiFailure, FHAnUnknownReasonIsCleanedUp) {
    EXPECT_TRUE(phone().call("lunch-break").is_clean_up());
    auto it = phone();
    it.start_up(true, "");
    EXPECT_TRUE(it.post(envelope(it.nonce(), "lunch-break", "")).is_clean_up());
    EXPECT_THAT(steps(), Contains(HasSubstr("lunch-break")));
    EXPECT_EQ(service->counters().open, 0U);
}

TEST_F(WpiFailure, FHAnAnswerToWhatWasNotAskedIsCleanedUp) {
    auto it = phone();
    it.start_up(true, "");
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_THAT(known()->written, IsEmpty());
    EXPECT_TRUE(known()->must_read_all);
}

TEST_F(WpiFailure, FHAnotherMacInTheMiddleEndsTheConversation) {
    auto it = phone();
    it.start_up(true, "");
    EXPECT_TRUE(it.reply("ReadAllItems", item("mac-addr", "00:1A:E8:99:99:99") + item("e164", "1"))
                    .is_clean_up());
    EXPECT_EQ(service->counters().open, 0U);
    EXPECT_TRUE(it.reply("ReadAllItems", item("e164", "1")).is_clean_up());
    EXPECT_EQ(reported("e164"), "");
}

TEST_F(WpiFailure, FHTwoMessagesOfOneConversationAtOnceAreNotMixed) {
    auto it = phone();
    it.start_up(true, "");
    Reply second;
    while_rendering = [&] {
        auto copy = it;
        std::thread([&] {
            second = copy.reply("ReadAllItems", item("hostname", "second"));
        }).join();
    };
    EXPECT_EQ(it.reply("ReadAllItems", item("hostname", "first")).action, "WriteItems");
    EXPECT_TRUE(second.is_clean_up());
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up()) << "the conversation went on";
    EXPECT_EQ(reported("hostname"), "first");
    EXPECT_EQ(reported("reg-addr"), "10.20.30.9");
}

TEST_F(WpiFailure, FHManyPhonesAtOnceOnSeveralWorkersAreServed) {
    constexpr unsigned phones = 24;
    std::vector<Phone> them;
    for (unsigned number = 0; number < phones; ++number) {
        const auto mac = Mac::from_number(0x001AE8200000U + number);
        const Ipv4 address{phone_address.value + 100 + number};
        neighbours[address] = mac;
        apply({inventory::Approve{mac}});
        them.push_back(Phone{*this, mac, address});
    }
    std::vector<std::thread> workers;
    std::atomic<unsigned> finished{0};
    for (unsigned worker = 0; worker < 4; ++worker) {
        workers.emplace_back([&, worker] {
            for (unsigned number = worker; number < phones; number += 4) {
                const auto nonce = [&](int step) { return fmt::format("{:X}{}", number, step); };
                auto& it = them[number];
                it.post(envelope(nonce(1), "start-up", it.basic()));
                it.post(
                    envelope(nonce(2), "reply-to", item("reg-addr"), " action=\"ReadAllItems\""));
                const auto end =
                    it.post(envelope(nonce(3), "reply-to", "", " action=\"WriteItems\""));
                finished += end.is_clean_up() ? 1 : 0;
            }
        });
    }
    for (auto& worker : workers) {
        worker.join();
    }
    EXPECT_EQ(finished, phones);
    EXPECT_EQ(service->counters().open, 0U);
    for (const auto& it : them) {
        EXPECT_EQ(known(it.mac)->reported.at(ItemKey{"reg-addr"}), "10.20.30.9");
        EXPECT_FALSE(service->wants_contact(it.mac));
    }
}

TEST_F(WpiFailure, FHAPhoneThatFallsSilentLeavesItsJobInTheQueue) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    clock.advance(std::chrono::seconds(119));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::sent);
    clock.advance(std::chrono::seconds(2));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::waiting);
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::waiting) << "too late";
    for (int more = 0; more < 4; ++more) {
        phone().call("solicited");
        clock.advance(std::chrono::seconds(130));
        service->look_after();
    }
    EXPECT_EQ(job(id).state, JobState::given_up);
    EXPECT_THAT(job(id).result, HasSubstr("did not answer"));
}

} // namespace
