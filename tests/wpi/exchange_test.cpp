// SPDX-License-Identifier: MIT
// The conversations that phones are known to have, from the first message to the last: E1 to E8.
#include "office.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class WpiExchange : public Office {};

TEST_F(WpiExchange, E1FirstStartUpIsReadInPartsWrittenAndCleanedUp) {
    auto it = phone();
    const auto first = it.start_up(true, "");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.response.content_type, "text/xml");
    EXPECT_EQ(first.nonce, it.last_nonce);
    EXPECT_EQ(first.action, "ReadAllItems");
    EXPECT_THAT(first.set_cookie,
                testing::MatchesRegex("JSESSIONID=[0-9A-F]{32}; Path=/DeploymentService; Secure"));
    EXPECT_EQ(first.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"\n"
                          "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
                          "  xsi:schemaLocation=\"http://www.siemens.com/DLS\">\n"
                          " <Message nonce=\"" +
                              it.last_nonce +
                              "\">\n  <Action>ReadAllItems</Action>\n </Message>\n"
                              "</DLSMessage>");

    const auto part =
        it.reply("ReadAllItems", item("mac-addr", "00:1A:E8:10:20:30") + item("reg-addr"),
                 "accepted", "next");
    EXPECT_EQ(part.action, "GetNextFragment");
    EXPECT_EQ(part.nonce, it.last_nonce);
    EXPECT_EQ(part.set_cookie, "") << "once in a conversation";
    EXPECT_EQ(reported("reg-addr"), "(not reported)") << "half of a reply is none";

    const auto write = it.reply("ReadAllItems", item("ringer-melody", "2"));
    EXPECT_EQ(write.action, "WriteItems");
    EXPECT_EQ(write.nonce, it.last_nonce);
    EXPECT_THAT(write.items, UnorderedElementsAre(
                                 Pair("e164", "4210"), Pair("sip-user-id", "4210"),
                                 Pair("sip-pwd", sip_password), Pair("reg-addr", "10.20.30.9"),
                                 Pair("reg-port", "5060"), Pair("registrar-addr", "10.20.30.9"),
                                 Pair("registrar-port", "5060"), Pair("function-key-def 1", "59"),
                                 Pair("key-label-unicode 1", "Front desk"),
                                 Pair("dcmp-url", "http://10.20.30.5:8080/dcmp/")));
    EXPECT_FALSE(write.ends_connection);

    const auto end = it.reply("WriteItems");
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(end.nonce, it.last_nonce);
    EXPECT_TRUE(end.ends_connection);
    EXPECT_EQ(service->counters().open, 0U);

    EXPECT_EQ(reported("reg-addr"), "10.20.30.9");
    EXPECT_EQ(reported("ringer-melody"), "2");
    EXPECT_EQ(reported("sip-pwd"), "(not reported)");
    EXPECT_EQ(known()->contact_me_uri, "http://10.20.31.77:8085/contact_dls.html/ContactDLS");
    EXPECT_EQ(known()->address, phone_address);
    EXPECT_FALSE(known()->must_read_all);
    const auto seen = store->now().device(phone_mac)->seen;
    EXPECT_EQ(seen.model, "OpenStage 40");
    EXPECT_EQ(seen.version, "V3 R5.12.0");
    EXPECT_EQ(seen.stage, inventory::Stage::configured);
    EXPECT_THAT(steps(), Contains("called: start-up, OpenStage 40, V3 R5.12.0"));
    EXPECT_THAT(steps(), Contains(StartsWith("secret_sent: ")));
    EXPECT_THAT(steps(), Contains(StartsWith("items_written: ")));

    EXPECT_TRUE(it.reply("WriteItems").is_clean_up()) << "the cookie is worth nothing any more";
    EXPECT_EQ(service->counters().lost, 1U);
}

TEST_F(WpiExchange, E1NextStartUpWritesWhatAPhoneNeedNotKeepAndNothingElse) {
    configure();
    auto it = phone();
    const auto write = it.start_up();
    EXPECT_EQ(write.action, "WriteItems");
    EXPECT_THAT(write.items, ElementsAre(Pair("dcmp-url", "http://10.20.30.5:8080/dcmp/")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
}

TEST_F(WpiExchange, E1ChangedFlagReadsAllAndWritesDifferencesOnly) {
    configure();
    wanted[8].value = "Reception";
    auto it = phone();
    EXPECT_EQ(it.start_up(true).action, "ReadAllItems");
    const auto write = it.reply(
        "ReadAllItems", item("e164", "4210") + item("sip-user-id", "4210") +
                            item("reg-addr", "10.20.30.9") + item("reg-port", "05060") +
                            item("registrar-addr", "10.20.30.9") + item("registrar-port", "5060") +
                            item("function-key-def", "59", "1") +
                            item("key-label-unicode", "Front desk", "1"));
    EXPECT_THAT(write.items, UnorderedElementsAre(Pair("key-label-unicode 1", "Reception"),
                                                  Pair("dcmp-url", testing::_)));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
}

TEST_F(WpiExchange, E2LocalChangesWithValuesAreRecordedAndCleanedUp) {
    configure();
    auto it = phone();
    const auto end =
        it.call("local-changes", item("configuration-changed-flag", "true") +
                                     item("configuration-attached-flag", "true") +
                                     item("configuration-attached-number", "1") +
                                     item("e164", "4210") + item("ringer-melody", "4"));
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(end.nonce, it.last_nonce);
    EXPECT_EQ(end.set_cookie, "");
    EXPECT_EQ(reported("ringer-melody"), "4");
    EXPECT_EQ(reported("configuration-attached-number"), "(not reported)");
    EXPECT_THAT(steps(), Contains("items_changed: ringer-melody"));
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiExchange, E2LocalChangesOfOldFirmwareAreReadAndCleanedUp) {
    configure();
    auto it = phone();
    it.firmware = "V2 R1.20.0";
    EXPECT_EQ(it.call("local-changes", item("configuration-changed-flag", "true")).action,
              "ReadAllItems");
    EXPECT_TRUE(it.reply("ReadAllItems", all_items() + item("ringer-melody", "7")).is_clean_up());
    EXPECT_EQ(reported("ringer-melody"), "7");
}

TEST_F(WpiExchange, E3SolicitedRunsAReadJob) {
    configure();
    const auto id = add_job(JobKind::read, {{ItemKey{"ipaddress"}, ""}, {ItemKey{"reg-addr"}, ""}});
    auto it = phone();
    const auto read = it.call("solicited");
    EXPECT_EQ(read.action, "ReadItems");
    EXPECT_THAT(read.items, UnorderedElementsAre(Pair("ipaddress", ""), Pair("reg-addr", "")));
    EXPECT_THAT(read.text, HasSubstr("<Item name=\"ipaddress\"/>"));
    EXPECT_EQ(job(id).state, JobState::sent);
    EXPECT_TRUE(store->workpoints().has_work(phone_mac)) << "it has not answered";
    EXPECT_TRUE(
        it.reply("ReadItems", item("ipaddress", "10.20.31.77") + item("reg-addr", "10.20.30.9"))
            .is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_FALSE(store->workpoints().has_work(phone_mac));
    EXPECT_EQ(reported("ipaddress"), "10.20.31.77");
    EXPECT_THAT(called, Contains(phone_mac));
}

TEST_F(WpiExchange, E4NothingIsPendingForAConfiguredPhone) {
    configure();
    EXPECT_FALSE(service->wants_contact(phone_mac));
    EXPECT_FALSE(service->wants_contact(other_mac)) << "who is not known";
    serve();
    EXPECT_FALSE(service->wants_contact(phone_mac)) << "also after a restart of ours";
}

TEST_F(WpiExchange, E5APendingChangeIsWrittenWhenThePhoneCalls) {
    configure();
    wanted[8].value = "Reception";
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto it = phone();
    const auto write = it.call("solicited");
    EXPECT_EQ(write.action, "WriteItems");
    EXPECT_THAT(write.items, ElementsAre(Pair("key-label-unicode 1", "Reception")));
    EXPECT_TRUE(service->wants_contact(phone_mac)) << "it is being told, and may break off";
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiExchange, E5AContactMeWentToWhoeverHadBegunACallInThePhonesName) {
    with.gate.allow = {*base::Network::parse("192.0.2.0/24")};
    settings();
    configure();
    wanted[8].value = "Reception";
    EXPECT_TRUE(behind_nat().call("solicited").is_clean_up()) << "the network shows it elsewhere";
    neighbours.erase(phone_address);
    auto it = behind_nat();
    EXPECT_EQ(it.call("solicited").action, "WriteItems");
    EXPECT_EQ(known()->address, phone_address) << "it may be anybody";
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(known()->address, nat_address) << "it was carried there";
    neighbours.emplace(phone_address, phone_mac);
    auto back = phone();
    back.call("solicited");
    EXPECT_EQ(known()->address, phone_address) << "the neighbour table shows it";
}

TEST_F(WpiExchange, E5APendingJobIsDoneWhenThePhoneCalls) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto it = phone();
    EXPECT_THAT(it.call("solicited").items, ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_EQ(job(id).attempts, 1U);
    EXPECT_FALSE(service->wants_contact(phone_mac));
    EXPECT_THAT(steps(), Contains(StartsWith("job_done: ")));
}

TEST_F(WpiExchange, E6RestartIsConfirmedByTheNextStartUp) {
    configure();
    const auto id = add_job(JobKind::restart);
    auto it = phone();
    const auto restart = it.call("solicited");
    EXPECT_EQ(restart.action, "Restart");
    EXPECT_THAT(restart.items, IsEmpty());
    EXPECT_TRUE(restart.ends_connection);
    EXPECT_EQ(service->counters().open, 0U);
    EXPECT_EQ(job(id).state, JobState::sent);
    clock.advance(std::chrono::seconds(90));
    phone().start_up();
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiExchange, E6RestartWithoutConfirmationIsGivenUp) {
    configure();
    const auto id = add_job(JobKind::restart);
    EXPECT_EQ(phone().call("solicited").action, "Restart");
    clock.advance(std::chrono::seconds(599));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::sent);
    clock.advance(std::chrono::seconds(20));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::given_up);
    EXPECT_THAT(job(id).result, HasSubstr("no confirmation"));
}

TEST_F(WpiExchange, E6RestartIsNotDoneTwiceWhereWeRestartInBetween) {
    configure();
    with.policy.allow_factory_reset = true;
    for (const auto kind : {JobKind::restart, JobKind::factory_reset}) {
        settings();
        const auto id = add_job(kind);
        EXPECT_EQ(phone().call("solicited").action, "Restart");
        ASSERT_TRUE(store->flush());
        reopen();
        serve();
        EXPECT_EQ(job(id).state, JobState::sent);
        clock.advance(std::chrono::seconds(90));
        auto it = phone();
        auto reply = it.start_up();
        for (int more = 0; more < 5 && !reply.ends_connection; ++more) {
            reply = it.reply(reply.action);
        }
        EXPECT_TRUE(reply.is_clean_up()) << reply.text;
        EXPECT_EQ(job(id).state, JobState::done);
        EXPECT_EQ(job(id).attempts, 1U);
    }
}

TEST_F(WpiExchange, E6RestartIsConfirmedThoughOurClockWasSetBack) {
    configure();
    const auto id = add_job(JobKind::restart);
    EXPECT_EQ(phone().call("solicited").action, "Restart");
    clock.advance(std::chrono::seconds(20));
    clock.set_back(std::chrono::minutes(1));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::sent);
    phone().start_up();
    EXPECT_EQ(job(id).state, JobState::done) << job(id).result;
}

TEST_F(WpiExchange, E6FactoryResetIsSentWhereItIsAllowedOnly) {
    configure();
    auto id = add_job(JobKind::factory_reset);
    EXPECT_TRUE(phone().call("solicited").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_THAT(job(id).result, HasSubstr("not allowed"));
    EXPECT_THAT(job(id).result, HasSubstr("wpi_factory_reset = yes")); // the option's name

    with.policy.allow_factory_reset = true;
    settings();
    id = add_job(JobKind::factory_reset);
    const auto reset = phone().call("solicited");
    EXPECT_EQ(reset.action, "Restart");
    EXPECT_THAT(reset.items, UnorderedElementsAre(Pair("restart-password", "124816"),
                                                  Pair("restart-type", "FactoryReset")));
    clock.advance(std::chrono::seconds(120));
    auto it = phone();
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems");
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_THAT(it.reply("ReadAllItems", item("reg-addr")).items,
                Contains(Pair("sip-pwd", sip_password)))
        << "it has lost what it never gives back";
}

TEST_F(WpiExchange, E7OneFileIsFetchedAndItsStatusEndsTheJob) {
    configure();
    file("bell.wav", "RIFF....");
    const auto id =
        add_job(JobKind::deploy, {{ItemKey{"file"}, "bell.wav"}, {ItemKey{"type"}, "RINGTONE"}});
    auto it = phone();
    const auto deploy = it.call("solicited");
    EXPECT_EQ(deploy.action, "FileDeployment");
    EXPECT_THAT(deploy.items,
                UnorderedElementsAre(
                    Pair("file-https-base-url", AllOf(StartsWith("https://10.20.30.5:18443/files/"),
                                                      EndsWith("/bell.wav"))),
                    Pair("file-type", "RINGTONE"), Pair("file-priority", "immediate")));
    const auto url = deploy.items.at("file-https-base-url");
    const auto fetched = service->answer(get(url, phone_address));
    EXPECT_EQ(fetched.status, 200);
    EXPECT_EQ(fetched.content_type, "audio/x-wav");
    ASSERT_TRUE(fetched.file);

    const auto end = it.call("status", item("file-deployment-date", "03:06:2025") +
                                           item("file-deployment-time", "09:41:07") +
                                           item("file-deployment-name", "bell.wav") +
                                           item("file-deployment-type", "RINGTONE") +
                                           item("file-deployment-status", "ok"));
    EXPECT_TRUE(end.is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiExchange, E7AFileIsForItsPhoneAndItsTime) {
    configure();
    file("bell.wav", "RIFF....");
    file("other.wav", "RIFF....");
    add_job(JobKind::deploy, {{ItemKey{"file"}, "bell.wav"}, {ItemKey{"type"}, "RINGTONE"}});
    auto it = phone();
    const auto url = it.call("solicited").items.at("file-https-base-url");
    EXPECT_TRUE(it.reply("FileDeployment").is_clean_up()) << "it may say so before its status";
    EXPECT_EQ(service->answer(get(url, other_address)).status, 404);
    auto another = url;
    another.replace(another.find("bell"), 4, "other");
    EXPECT_EQ(service->answer(get(another, phone_address)).status, 404);
    EXPECT_EQ(
        service->answer(get("https://x/files/" + std::string(22, 'A') + "/bell.wav", phone_address))
            .status,
        404);
    EXPECT_EQ(service->answer(get("https://x/files/bell.wav", phone_address)).status, 404);
    auto head = get(url, phone_address);
    head.method = "HEAD";
    EXPECT_EQ(service->answer(head).status, 200);
    head.method = "POST";
    EXPECT_EQ(service->answer(head).status, 405);
    clock.advance(std::chrono::seconds(301));
    EXPECT_EQ(service->answer(get(url, phone_address)).status, 404);
}

TEST_F(WpiExchange, E7AStatusThatFailedAndOneThatNeverComesEndTheJob) {
    configure();
    file("bell.wav", "RIFF....");
    auto id =
        add_job(JobKind::deploy, {{ItemKey{"file"}, "bell.wav"}, {ItemKey{"type"}, "RINGTONE"}});
    auto it = phone();
    it.call("solicited");
    it.call("status",
            item("file-deployment-name", "bell.wav") + item("file-deployment-status", "failed"));
    EXPECT_EQ(job(id).state, JobState::failed);
    id = add_job(JobKind::deploy, {{ItemKey{"file"}, "bell.wav"}, {ItemKey{"type"}, "RINGTONE"}});
    phone().call("solicited");
    clock.advance(std::chrono::seconds(320));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::given_up);
    id = add_job(JobKind::deploy, {{ItemKey{"file"}, "none.wav"}, {ItemKey{"type"}, "RINGTONE"}});
    EXPECT_TRUE(phone().call("solicited").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::failed) << "there is no such file";
    EXPECT_THAT(job(id).result, HasSubstr("none.wav"));
}

/// Told by a file of firmware, which a phone running V3 R5.12.0 is to fetch.
struct WpiFirmware : Office {
    WpiFirmware() {
        configure();
        file("os40.img", "an image");
    }

    std::int64_t add_firmware() {
        return add_job(JobKind::deploy, {{ItemKey{"file"}, "os40.img"},
                                         {ItemKey{"type"}, "APP"},
                                         {ItemKey{"version"}, "3.5.21.0"}});
    }
};

TEST_F(WpiFirmware, E8IsFetchedAndTheStartUpThatRunsItEndsTheJob) {
    const auto id = add_firmware();
    auto it = phone();
    const auto told = it.call("solicited");
    EXPECT_EQ(told.action, "SoftwareDeployment");
    EXPECT_THAT(told.text,
                testing::MatchesRegex(
                    "(.|\n)*<Action>SoftwareDeployment</Action>\n  <ItemList>\n"
                    "   <Item name=\"file-https-base-url\">"
                    "https://10.20.30.5:18443/files/[A-Za-z0-9_-]+/os40.img</Item>\n"
                    "   <Item name=\"file-type\">APP</Item>\n"
                    "   <Item name=\"file-sw-type\">Siemens SIP</Item>\n"
                    "   <Item name=\"file-sw-version\">3.5.21.0</Item>\n"
                    "   <Item name=\"file-priority\">normal</Item>\n  </ItemList>\n(.|\n)*"));
    EXPECT_EQ(told.nonce, it.last_nonce);
    const auto url = told.items.at("file-https-base-url");
    clock.advance(std::chrono::minutes(29));
    ASSERT_EQ(service->answer(get(url, phone_address)).status, 200);
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::sent);
    auto again = phone();
    again.firmware = "V3 R5.21.0";
    EXPECT_EQ(again.start_up().action, "ReadAllItems") << "other firmware may have other items";
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_EQ(job(id).result, "it runs V3 R5.21.0");
    EXPECT_EQ(job(id).attempts, 1U);
}

TEST_F(WpiFirmware, E8IsNotSentWhereThePhoneRunsItOrAnotherKind) {
    auto id = add_firmware();
    auto it = phone();
    it.firmware = "V3 R5.21.0";
    it.call("solicited");
    EXPECT_TRUE(it.reply("ReadAllItems", all_items()).is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
    EXPECT_THAT(job(id).result, HasSubstr("already"));
    EXPECT_EQ(job(id).attempts, 0U);
    id = add_firmware();
    auto hfa = phone();
    auto basic = hfa.basic();
    basic.replace(basic.find("Siemens SIP"), 11, "Siemens HFA");
    hfa.post(envelope(hfa.nonce(), "solicited", basic));
    EXPECT_TRUE(hfa.reply("ReadAllItems", all_items()).is_clean_up());
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_THAT(job(id).result, HasSubstr("Siemens HFA"));
}

TEST_F(WpiFirmware, E8WaitsForTheEndOfACall) {
    const auto id = add_firmware();
    auto it = phone();
    it.call("solicited");
    EXPECT_THAT(it.reply("SoftwareDeployment", "", "busy").items,
                ElementsAre(Pair("send-solicited", "true")));
    EXPECT_EQ(job(id).state, JobState::waiting);
    EXPECT_EQ(phone().call("solicited").action, "SoftwareDeployment");
    EXPECT_EQ(job(id).state, JobState::sent);
}

TEST_F(WpiFirmware, E8ThatIsNotTakenFailsAndIsNotSentAgain) {
    auto id = add_firmware();
    auto it = phone();
    it.call("solicited");
    EXPECT_TRUE(it.reply("SoftwareDeployment", "", "failed").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::failed);

    id = add_firmware();
    auto second = phone();
    second.call("solicited");
    EXPECT_TRUE(second.reply("SoftwareDeployment").is_clean_up()) << "it may say so before";
    EXPECT_EQ(job(id).state, JobState::sent);
    auto old = phone();
    EXPECT_EQ(old.start_up().action, "WriteItems") << "and what it shall have goes to it";
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_THAT(job(id).result, HasSubstr("runs V3 R5.12.0"));
    EXPECT_TRUE(old.reply("WriteItems").is_clean_up());

    id = add_firmware();
    phone().call("solicited");
    auto another = phone();
    another.firmware = "V3 R5.20.0";
    another.start_up();
    EXPECT_EQ(job(id).state, JobState::done_with_errors);
    EXPECT_THAT(job(id).result, HasSubstr("V3 R5.20.0, which is another one"));
}

TEST_F(WpiFirmware, E8AnImageThatDoesNotComeOrAPhoneThatDoesNotEndsTheJob) {
    auto id = add_firmware();
    auto it = phone();
    it.call("solicited");
    const auto status = [&](const std::string& how) {
        return it.call("status", item("file-deployment-name", "os40.img") +
                                     item("file-deployment-type", "APP") +
                                     item("file-deployment-status", how));
    };
    EXPECT_TRUE(status("ok").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::sent) << "what it runs says its start-up alone";
    status("failed");
    EXPECT_EQ(job(id).state, JobState::failed);
    id = add_firmware();
    phone().call("solicited");
    clock.advance(std::chrono::minutes(29));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::sent);
    clock.advance(std::chrono::minutes(2));
    service->look_after();
    EXPECT_EQ(job(id).state, JobState::given_up);
}

TEST_F(WpiExchange, E7AFileWhoseNameNoUrlHoldsIsNotDeployed) {
    configure();
    for (const std::string name :
         {"my bell.wav", "what?.wav", "50%.wav", "Glockent\xc3\xb6ne.wav"}) {
        file(name, "RIFF....");
        const auto id =
            add_job(JobKind::deploy, {{ItemKey{"file"}, name}, {ItemKey{"type"}, "RINGTONE"}});
        EXPECT_TRUE(phone().call("solicited").is_clean_up()) << name;
        EXPECT_EQ(job(id).state, JobState::failed) << name;
        EXPECT_THAT(job(id).result, HasSubstr("letters, digits")) << name;
    }
}

TEST_F(WpiExchange, E8AnOddVersionIsTheSameOneAtTheNextCall) {
    configure();
    for (const auto& version : {std::string("V3 R5.12.0 \xc3\xa4"), std::string(100, '3'),
                                std::string(62, '3') + "\xc3\xa4"}) {
        auto it = phone();
        it.firmware = version;
        EXPECT_EQ(it.call("solicited").action, "ReadAllItems") << version;
        EXPECT_TRUE(it.reply("ReadAllItems", all_items()).is_clean_up());
        auto again = phone();
        again.firmware = version;
        EXPECT_TRUE(again.call("solicited").is_clean_up()) << version;
    }
}

TEST_F(WpiExchange, E8FirmwareThatIsAnotherThanBeforeIsReadAndTriedAgain) {
    auto it = phone();
    it.start_up(true, "");
    it.reply("ReadAllItems", item("ringer-melody", "2"));
    it.reply("WriteItems", item("key-label-unicode", "", "1", "unknown item"));
    EXPECT_EQ(known()->refused.at(ItemKey{"key-label-unicode", 1}), "unknown item");
    auto same = phone();
    EXPECT_THAT(same.start_up().items, Not(Contains(Pair("key-label-unicode 1", testing::_))));
    same.reply("WriteItems");
    auto newer = phone();
    newer.firmware = "V3 R5.21.0";
    EXPECT_EQ(newer.start_up().action, "ReadAllItems");
    EXPECT_THAT(newer.reply("ReadAllItems", item("e164", "4210")).items,
                Contains(Pair("key-label-unicode 1", "Front desk")));
}

} // namespace
