import { useEffect, useMemo, useState } from 'react';
import { buildUrl } from '../../api/client';
import { client } from '../../app/auth';
import { Link, paths, useQuery } from '../../app/router';
import { useData } from '../../app/useData';
import { usePages } from '../../app/usePages';
import { useTranslate, type Translate } from '../../i18n';
import { bytes, clock, count, day, percent } from '../../i18n/format';
import { Problem } from '../../pages/Problem';
import { CsvButton } from '../../ui/CsvButton';
import { DataTable, readSort, writeSort, type Column } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import { Notice } from '../../ui/pieces';
import { StateChip, stateNames } from '../../upload/ProcessingStatus';
import { films, isUnderWay, libraryPath, readWanted, states, type Film, type Wanted } from './films';
import { useLiveStates, type LiveState } from './useLiveStates';
import './library.css';

const TYPING_MS = 250;

export default function LibraryPage() {
  const t = useTranslate();
  const [query, change] = useQuery();
  const wanted = readWanted(query);
  const key = libraryPath(wanted);
  const { rows, error, more, busy, reload } = usePages(key, (after, signal) => films(wanted, after, signal));
  const live = useLiveStates((rows ?? []).filter(isUnderWay).map(({ videoId }) => videoId));
  const columns = useMemo(() => columnsOf(t, live), [t, live]);
  const filtered = Boolean(wanted.q || wanted.state || wanted.courseId);

  useEffect(() => {
    document.title = `${t('library.title')} · Lectern`;
  }, [t]);

  return (
    <div className="page page--wide">
      <header className="page__head library__head">
        <div>
          <h1>{t('library.title')}</h1>
          <p className="page__lead">{t('library.lead')}</p>
        </div>
        <CsvButton name="lectern-videos" path={key} disabled={!rows?.length} />
      </header>
      <Filters wanted={wanted} change={change} />
      {error && !rows ? (
        <Problem error={error} onRetry={reload} />
      ) : (
        <DataTable
          caption={t('library.caption')}
          columns={columns}
          rows={rows}
          rowKey={({ videoId }) => videoId}
          sort={readSort(wanted.sort)}
          onSort={(sort) => change({ sort: writeSort(sort) })}
          more={more}
          busy={busy}
          testId="library"
          empty={<Nothing filtered={filtered} onReset={() => change({ q: null, state: null, courseId: null })} />}
        />
      )}
    </div>
  );
}

function Nothing({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  const t = useTranslate();
  if (filtered) {
    return (
      <Notice icon="search" title={t('library.nothingTitle')} text={t('library.nothingText')} testId="library-empty">
        <button type="button" className="button button--primary" onClick={onReset}>
          {t('library.reset')}
        </button>
      </Notice>
    );
  }
  return (
    <Notice icon="film" title={t('library.emptyTitle')} text={t('library.emptyText')} testId="library-empty">
      <Link to={paths.admin()} className="button button--primary">
        {t('library.toCourses')}
      </Link>
    </Notice>
  );
}

type Change = ReturnType<typeof useQuery>[1];

function Filters({ wanted, change }: { wanted: Wanted; change: Change }) {
  const t = useTranslate();
  const [typed, setTyped] = useState(wanted.q);
  const [known, setKnown] = useState(wanted.q);
  if (known !== wanted.q) {
    // Somebody stepped back in the browser, or began anew: the field follows the address.
    setKnown(wanted.q);
    if (typed.trim() !== wanted.q) setTyped(wanted.q);
  }
  const { data } = useData('library courses', (signal) => client.courses(signal));
  useEffect(() => {
    if (typed.trim() === wanted.q) return undefined;
    const timer = setTimeout(() => change({ q: typed.trim() }, { replace: true }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, wanted.q, change]);
  return (
    <form className="library__filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label className="field library__search">
        <span className="field__label">{t('library.search')}</span>
        <input
          type="search"
          className="field__input"
          value={typed}
          maxLength={200}
          placeholder={t('library.searchHint')}
          data-testid="library-search"
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <label className="field">
        <span className="field__label">{t('library.state')}</span>
        <select className="field__input" value={wanted.state} data-testid="library-state" onChange={(event) => change({ state: event.target.value })}>
          <option value="">{t('library.anyState')}</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {t(stateNames[state])}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span className="field__label">{t('library.course')}</span>
        <select className="field__input" value={wanted.courseId} data-testid="library-course" onChange={(event) => change({ courseId: event.target.value })}>
          <option value="">{t('library.anyCourse')}</option>
          {data?.courses.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function columnsOf(t: Translate, live: ReadonlyMap<string, LiveState>): Column<Film>[] {
  return [
    { id: 'poster', title: t('library.poster'), titleHidden: true, cell: ({ posterUrl }) => <Picture url={posterUrl} /> },
    { id: 'name', title: t('library.name'), heading: true, sort: 'name', cell: (film) => <Name film={film} /> },
    { id: 'course', title: t('library.course'), cell: ({ courseTitle, courseId }) => <Link to={paths.adminCourse(courseId)} className="text-link">{courseTitle ?? courseId}</Link> },
    { id: 'state', title: t('library.state'), cell: (film) => <State film={film} live={live.get(film.videoId)} /> },
    { id: 'duration', title: t('library.duration'), numeric: true, sort: 'duration', fallingFirst: true, cell: (film) => (film.duration === null ? '–' : clock(film.duration)) },
    { id: 'size', title: t('library.size'), numeric: true, sort: 'size', fallingFirst: true, cell: (film) => bytes(film.sizeBytes, t) },
    { id: 'views', title: t('library.views'), numeric: true, sort: 'views', fallingFirst: true, cell: ({ views }) => count(views) },
    { id: 'created', title: t('library.uploaded'), numeric: true, sort: 'created', fallingFirst: true, cell: ({ createdAt }) => day(createdAt) },
  ];
}

function Picture({ url }: { url: string | null }) {
  return <span className="library__picture">{url ? <img src={buildUrl(url)} alt="" loading="lazy" /> : <Icon name="film" />}</span>;
}

function Name({ film }: { film: Film }) {
  return (
    <Link to={paths.adminVideo(film.videoId)} className="library__name" data-testid="library-film" data-video={film.videoId}>
      <span>{film.title ?? film.chapterId}</span>
      <small>{film.originalName}</small>
    </Link>
  );
}

function State({ film, live }: { film: Film; live: LiveState | undefined }) {
  const { status, percent: done } = live ?? film;
  return (
    <span className="library__state">
      <StateChip state={status} />
      {isUnderWay({ status }) && <span data-testid="library-percent">{percent(done)}</span>}
    </span>
  );
}
