import { Symbol } from "../canvas/Symbol.jsx";

interface ButtonProps {
  readonly icon: string;
  readonly label: string;
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly onClick: () => void;
}

export function Button({ icon, label, keys, disabled, pressed, onClick }: ButtonProps) {
  return (
    <button type="button" aria-label={label} title={keys ? `${label} (${keys})` : label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Symbol icon={`:material/${icon}:`} />
    </button>
  );
}
