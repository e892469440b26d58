// SPDX-License-Identifier: MIT
// What an implementation has to stand: N1 to N5, N9 and N10; N6 and N7 are of polls and contact-me,
// N8 of Secure Mode, which is not offered.
#include "office.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class WpiAcceptance : public Office {};

TEST_F(WpiAcceptance, N1TheNonceIsRepeatedByteForByte) {
    for (const std::string nonce :
         {"4C1F09A2B7D84E63A5509E1BD2C7F834", "1a2b3c4d5e6f7a8b9c0d1e2", "Z",
          "0123456789012345678901234567890123456789012345678901234"
          "567890123"}) {
        auto it = phone();
        EXPECT_EQ(it.post(envelope(nonce, "solicited", it.basic())).nonce, nonce);
    }
}

TEST_F(WpiAcceptance, N1AConversationMayKeepToOneNonceAndAReplayIsNoted) {
    auto it = phone();
    const std::string nonce = "4C1F09A2B7D84E63A5509E1BD2C7F834";
    EXPECT_EQ(it.post(envelope(nonce, "start-up", it.basic())).action, "ReadAllItems");
    EXPECT_EQ(it.post(envelope(nonce, "reply-to", item("e164"), " action=\"ReadAllItems\"")).action,
              "WriteItems");
    EXPECT_TRUE(it.post(envelope(nonce, "reply-to", "", " action=\"WriteItems\"")).is_clean_up());
    EXPECT_EQ(service->counters().replays, 0U);
    auto again = phone();
    EXPECT_EQ(again.post(envelope(nonce, "start-up", it.basic())).action, "WriteItems")
        << "noted, no more";
    EXPECT_EQ(service->counters().replays, 1U);
    EXPECT_THAT(steps(), Contains(HasSubstr("a replay?")));
    with.reject_replays = true;
    settings();
    EXPECT_TRUE(phone().post(envelope(nonce, "start-up", it.basic())).is_clean_up());
    clock.advance(std::chrono::hours(25));
    EXPECT_EQ(phone().post(envelope(nonce, "start-up", it.basic())).action, "WriteItems");
}

TEST_F(WpiAcceptance, N2OddSpellingsAreRead) {
    configure();
    add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    EXPECT_EQ(it.post("<WorkpointMessage><Message maxItems='-1' nonce='AB12'>"
                      "<ReasonForContact fragment='final'>\n  solicited\n </ReasonForContact>"
                      "<ItemList><Item name='mac-addr'>\n 00-1a-e8-10-20-30\n</Item></ItemList>"
                      "</Message></WorkpointMessage>")
                  .action,
              "WriteItems");
    it.cookie += "; path=/; secure";
    EXPECT_TRUE(it.post("<WorkpointMessage><Message nonce='AB13'>"
                        "<ReasonForContact action='writeitems' status='Busy'>reply-to"
                        "</ReasonForContact></Message></WorkpointMessage>")
                    .is_clean_up());
    EXPECT_TRUE(store->workpoints().has_work(phone_mac));
}

TEST_F(WpiAcceptance, N3TwoPhonesInterleavedAreKeptApart) {
    apply({inventory::AddExtension{{"4211", "Ben", base::Secret("x")}},
           inventory::Assign{other_mac, {"4211"}}});
    auto one = phone();
    Phone two{*this, other_mac, other_address};
    one.start_up(true, "");
    two.start_up(true, "");
    EXPECT_THAT(
        two.reply("ReadAllItems", item("e164")).items,
        testing::UnorderedElementsAre(Pair("e164", "4211"), Pair("sip-pwd", "another-secret")));
    EXPECT_THAT(one.reply("ReadAllItems", item("e164")).items,
                Contains(Pair("sip-pwd", sip_password)));
    EXPECT_TRUE(one.reply("WriteItems").is_clean_up());
    EXPECT_TRUE(two.reply("WriteItems").is_clean_up());
    EXPECT_EQ(reported("e164"), "4210");
    EXPECT_EQ(known(other_mac)->reported.at(ItemKey{"e164"}), "4211");
}

TEST_F(WpiAcceptance, N3TwoPhonesBehindOneAddressAreKeptApart) {
    apply({inventory::AddExtension{{"4211", "Ben", base::Secret("x")}},
           inventory::Assign{other_mac, {"4211"}}});
    with.gate.allow = {*base::Network::parse("192.0.2.0/24")};
    settings();
    for (const bool with_cookies : {true, false}) {
        auto one = behind_nat();
        Phone two{*this, other_mac, nat_address};
        one.keeps_cookies = two.keeps_cookies = with_cookies;
        EXPECT_THAT(one.start_up(true, "").action, "ReadAllItems");
        EXPECT_THAT(two.start_up(true, "").action, "ReadAllItems");
        two.reply("ReadAllItems", item("ringer-melody", "22"));
        one.reply("ReadAllItems", item("ringer-melody", "11"));
        EXPECT_EQ(reported("ringer-melody"), "11") << with_cookies;
        EXPECT_EQ(known(other_mac)->reported.at(ItemKey{"ringer-melody"}), "22") << with_cookies;
        Phone stranger{*this, phone_mac, nat_address};
        EXPECT_TRUE(stranger.reply("WriteItems").is_clean_up())
            << "two conversations are open there, and it shows neither cookie nor connection";
    }
}

TEST_F(WpiAcceptance, N4AReplyInThreePartsIsPutTogether) {
    auto it = phone();
    it.start_up(true, "");
    EXPECT_EQ(it.reply("ReadAllItems", item("ringer-melody", "1"), "accepted", "next").action,
              "GetNextFragment");
    EXPECT_EQ(it.reply("ReadAllItems", item("display-id", "2"), "accepted", "next").action,
              "GetNextFragment");
    EXPECT_EQ(it.reply("ReadAllItems", item("hostname", "three")).action, "WriteItems");
    EXPECT_EQ(reported("ringer-melody"), "1");
    EXPECT_EQ(reported("display-id"), "2");
    EXPECT_EQ(reported("hostname"), "three");
}

TEST_F(WpiAcceptance, N4ALostPartLeavesNoHalfState) {
    configure();
    auto before = known()->reported;
    before.erase(ItemKey{"dcmp-url"}); // need not survive a start
    auto it = phone();
    it.start_up(true);
    it.reply("ReadAllItems", item("ringer-melody", "9"), "accepted", "next");
    clock.advance(std::chrono::seconds(121)); // the next one is lost
    service->look_after();
    EXPECT_TRUE(it.reply("ReadAllItems", item("hostname", "three")).is_clean_up());
    EXPECT_EQ(known()->reported, before);
    EXPECT_TRUE(known()->must_read_all) << "what it has is read at its next call";

    auto again = phone();
    again.start_up(true);
    again.reply("ReadAllItems", item("ringer-melody", "9"), "accepted", "next");
    again.call("solicited"); // something else in the middle
    EXPECT_THAT(again.reply("ReadAllItems", item("hostname", "all of it")).items,
                ElementsAre(Pair("dcmp-url", testing::_)));
    EXPECT_EQ(reported("ringer-melody"), "(not reported)");
    EXPECT_EQ(reported("hostname"), "all of it");
}

TEST_F(WpiAcceptance, N4AnOpeningMessageMayComeInParts) {
    configure();
    auto it = phone();
    const auto flags =
        item("configuration-changed-flag", "true") + item("configuration-attached-flag", "true");
    const auto more = it.post(envelope(it.nonce(), "local-changes",
                                       it.basic() + flags + item("ringer-melody", "5"), "",
                                       " fragment=\"next\""));
    EXPECT_EQ(more.action, "GetNextFragment");
    EXPECT_EQ(reported("ringer-melody"), "(not reported)");
    const auto end = it.post(
        envelope(it.nonce(), "local-changes", item("display-id", "Me"), "", " fragment=\"final\""));
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(reported("ringer-melody"), "5");
    EXPECT_EQ(reported("display-id"), "Me");
    EXPECT_EQ(service->counters().open, 0U);
}

TEST_F(WpiAcceptance, N4PartsWithoutEndAreEnded) {
    auto it = phone();
    it.start_up(true, "");
    Reply reply;
    int parts = 0;
    do {
        reply =
            it.reply("ReadAllItems", item("a" + std::to_string(parts), "1"), "accepted", "next");
    } while (reply.action == "GetNextFragment" && ++parts < 1000);
    EXPECT_TRUE(reply.is_clean_up());
    EXPECT_LE(parts, 200);
    EXPECT_EQ(reported("a1"), "(not reported)");

    wpi::SessionLimits limits;
    limits.partial_bytes = 100'000;
    serve(limits);
    auto large = phone();
    large.start_up(true, "");
    EXPECT_EQ(
        large.reply("ReadAllItems", item("b", std::string(60'000, 'x')), "accepted", "next").action,
        "GetNextFragment");
    EXPECT_TRUE(large.reply("ReadAllItems", item("c", std::string(60'000, 'x')), "accepted", "next")
                    .is_clean_up());
}

TEST_F(WpiAcceptance, N4WhatIsTooMuchForOneMessageIsWrittenInSeveral) {
    for (int key = 2; key <= 20; ++key) {
        wanted.push_back({"function-key-def", key, "59"});
        wanted.push_back({"key-label-unicode", key, "Key " + std::to_string(key)});
    }
    auto it = phone();
    it.post(envelope(it.nonce(), "start-up", it.basic(), "", " maxItems=\"10\""));
    auto reply = it.post(envelope(it.nonce(), "reply-to", item("e164"), " action=\"ReadAllItems\"",
                                  " maxItems=\"10\""));
    std::map<std::string, std::string> all;
    int messages = 0;
    while (reply.action == "WriteItems" && messages < 20) {
        ++messages;
        EXPECT_LE(reply.items.size(), 10U);
        for (const auto& [name, value] : reply.items) {
            EXPECT_TRUE(all.emplace(name, value).second) << name << " went out twice";
        }
        for (int key = 1; key <= 20; ++key) {
            const auto index = " " + std::to_string(key);
            EXPECT_EQ(reply.items.count("function-key-def" + index),
                      reply.items.count("key-label-unicode" + index))
                << "the items of one key stay together";
        }
        reply = it.post(
            envelope(it.nonce(), "reply-to", "", " action=\"WriteItems\"", " maxItems=\"10\""));
    }
    EXPECT_TRUE(reply.is_clean_up());
    EXPECT_EQ(all.size(), wanted.size());
    EXPECT_GE(messages, 5);
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiAcceptance, N4WhatAJobReadsIsAskedForInMessagesThatThePhoneTakes) {
    configure();
    std::map<ItemKey, std::string> names;
    for (int key = 1; key <= 25; ++key) {
        names[ItemKey{"select-dial", key}] = "";
    }
    const auto id = add_job(JobKind::read, names);
    auto it = phone();
    auto reply = it.post(envelope(it.nonce(), "solicited", it.basic(), "", " maxItems=\"10\""));
    int asked = 0;
    for (int message = 0; message < 5 && reply.action == "ReadItems"; ++message) {
        EXPECT_LE(reply.items.size(), 10U);
        std::string items;
        for (const auto& [name, value] : reply.items) {
            const auto index = name.substr(name.find(' ') + 1);
            items += item("select-dial", "4" + index, index, index == "1" ? "failed" : "");
            ++asked;
        }
        reply = it.post(
            envelope(it.nonce(), "reply-to", items, " action=\"ReadItems\"", " maxItems=\"10\""));
    }
    EXPECT_TRUE(reply.is_clean_up()) << reply.text;
    EXPECT_EQ(asked, 25);
    EXPECT_EQ(reported("select-dial", 2), "42");
    EXPECT_EQ(reported("select-dial", 25), "425");
    EXPECT_EQ(job(id).state, JobState::done_with_errors);
    EXPECT_EQ(job(id).result, "24 items; not select-dial 1");
    EXPECT_EQ(job(id).attempts, 1U);
}

TEST_F(WpiAcceptance, N4WhatWasRefusedInAnEarlierMessageOfAJobIsNamedAtItsEnd) {
    configure();
    std::map<ItemKey, std::string> values;
    for (int key = 1; key <= 15; ++key) {
        values[ItemKey{"select-dial", key}] = "42";
    }
    const auto id = add_job(JobKind::write, values);
    auto it = phone();
    it.post(envelope(it.nonce(), "solicited", it.basic(), "", " maxItems=\"10\""));
    EXPECT_EQ(it.reply("WriteItems", item("select-dial", "", "1", "invalid data")).action,
              "WriteItems");
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done_with_errors);
    EXPECT_EQ(job(id).result, "not taken: select-dial 1: invalid data");
}

TEST_F(WpiAcceptance, N5AJobOutlivesABusyPhoneThatRestarts) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    it.reply("WriteItems", "", "busy");
    auto again = phone(); // its memory of send-solicited is gone
    EXPECT_EQ(again.start_up().action, "WriteItems");
    EXPECT_THAT(again.reply("WriteItems").items, testing::ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiAcceptance, N5AJobOutlivesAPhoneThatRestartsInTheMiddleAndAlsoUs) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    it.call("solicited");
    EXPECT_EQ(job(id).state, JobState::sent);
    ASSERT_TRUE(store->flush());
    reopen();
    serve();
    auto again = phone();
    again.start_up();
    EXPECT_THAT(again.reply("WriteItems").items, testing::ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiAcceptance, N9HostileXmlIsRefusedAtOnce) {
    auto it = phone();
    const std::string body = "<WorkpointMessage><Message nonce=\"1\"><ReasonForContact>start-up"
                             "</ReasonForContact></Message></WorkpointMessage>";
    EXPECT_EQ(it.post("<!DOCTYPE x [<!ENTITY a \"b\">]>" + body).status, 400);
    EXPECT_EQ(it.post("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">" + body).status, 400);
    std::string deep;
    for (int level = 0; level < 10'000; ++level) {
        deep += "<a>";
    }
    EXPECT_EQ(it.post(deep).status, 400);
    EXPECT_EQ(it.post(envelope("AB", "start-up", item("x", "\xff\xfe"))).status, 400);
    EXPECT_EQ(it.post(std::string((1U << 20U) + 1, 'x')).status, 413);
    std::string many;
    for (int count = 0; count < 10'001; ++count) {
        many += "<Item name=\"a\"/>";
    }
    EXPECT_EQ(it.post(envelope("AB", "start-up", many)).status, 400);
}

TEST_F(WpiAcceptance, N9WhatIsKeptOfAPhoneIsBounded) {
    configure();
    for (int call = 0; call < 4; ++call) {
        std::string items = item("configuration-attached-flag", "true");
        for (int count = 0; count < 3000; ++count) {
            items += item(fmt::format("made-up-{}-{}", call, count), "1");
        }
        phone().call("local-changes", items + item("long", std::string(5000, 'x')));
    }
    EXPECT_LE(known()->reported.size(), wpi::most_items_kept);
    EXPECT_EQ(reported("long"), "(not reported)");
}

TEST_F(WpiAcceptance, N1EarlyFirmwareThatMayMisreadAValueIsNamedInTheLog) {
    configure();
    const auto complaints = [&] {
        return std::count_if(logged.begin(), logged.end(), [](const std::string& line) {
            return line.find("wpi_legacy_escape") != std::string::npos;
        });
    };
    const auto change = [&](const std::string& firmware, const std::string& label) {
        wanted[8].value = label;
        auto it = phone();
        it.firmware = firmware;
        auto reply = it.call("solicited");
        if (reply.action == "ReadAllItems") {
            it.reply("ReadAllItems", item("e164", "4210"));
        }
        it.reply("WriteItems");
    };
    change("V2 R2.30.0", "Front desk 2");
    change("V3 R5.12.0", "Desk & door");
    EXPECT_EQ(complaints(), 0);
    change("V2 R2.30.0", "Desk & lift");
    EXPECT_EQ(complaints(), 1);
    EXPECT_THAT(logged, Contains(HasSubstr("is told a key-label-unicode 1 with <, > or &")));
    EXPECT_THAT(logged, Each(Not(HasSubstr("lift"))));
    with.escape = wpi::Escape::legacy;
    settings();
    change("V2 R2.30.0", "Desk & hall");
    EXPECT_EQ(complaints(), 1);
}

TEST_F(WpiAcceptance, N10NoSecretAppearsInLogsTimelinesOrMemory) {
    base::log::set_level("", base::log::Level::debug);
    auto it = phone();
    it.start_up(true, "");
    it.reply("ReadAllItems", item("sip-pwd", "read-back-secret") + item("admin-pwd", "123456-x"));
    it.reply("WriteItems", item("sip-pwd", "echoed-secret", "", "failed"));
    it.call("local-changes", item("configuration-attached-flag", "true") +
                                 item("admin-pwd", "changed-secret") + item("ssh-password", "s-s"));
    it.post("<WorkpointMessage><Item>sip-pwd malformed-secret");
    base::log::set_level("", base::log::Level::info);
    auto lines = logged;
    for (const auto& step : steps()) {
        lines.push_back(step);
    }
    for (const auto& [key, value] : known()->reported) {
        lines.push_back(key.name + "=" + value);
    }
    for (const auto& [key, value] : known()->refused) {
        lines.push_back(key.name + "=" + value);
    }
    for (const auto& secret :
         {sip_password, std::string("read-back-secret"), std::string("123456-x"),
          std::string("echoed-secret"), std::string("changed-secret"), std::string("s-s"),
          std::string("malformed-secret"), std::string("000000-in-clear"),
          it.cookie.substr(it.cookie.find('=') + 1)}) {
        EXPECT_THAT(lines, Each(Not(HasSubstr(secret))));
    }
}

} // namespace
